import type { Group, User } from './state.ts';
import type { UserPool } from './user-pool.ts';

/** Attributes in the form of Cognito, with `sub`. */
export function attributeList(user: User): { Name: string; Value: string }[] {
  return Object.entries({ ...user.attributes, sub: user.sub }).map(([Name, Value]) => ({ Name, Value }));
}

/** A user in the responses of ListUsersInGroup and AdminCreateUser. */
export function userOnTheWire(user: User): object {
  return { ...userDetails(user), Attributes: attributeList(user) };
}

/** What all responses about a user share, without attributes. */
export function userDetails(user: User): object {
  return {
    Username: user.username,
    UserCreateDate: user.createdAt / 1000,
    UserLastModifiedDate: user.modifiedAt / 1000,
    Enabled: user.enabled,
    UserStatus: user.status,
  };
}

/** A group in the form of Cognito. */
export function groupOnTheWire(pool: UserPool, group: Group): object {
  return {
    GroupName: group.name,
    UserPoolId: pool.id,
    Description: group.description,
    Precedence: group.precedence,
    CreationDate: group.createdAt / 1000,
    LastModifiedDate: group.modifiedAt / 1000,
  };
}
