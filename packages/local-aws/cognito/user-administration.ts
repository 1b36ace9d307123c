import { randomBytes, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { AwsError, notImplemented } from '../http/aws-error.ts';
import type { Operation } from '../json/operations.ts';
import { pageByName } from '../json/pages.ts';
import { type DefineAdministration, LimitSchema, NameSchema, PAGE_SIZE } from './administration.ts';
import { checkPasswordPolicy, hashPassword } from './passwords.ts';
import { getUser, type User } from './state.ts';
import { matchesUserFilter } from './user-filter.ts';
import type { UserPool } from './user-pool.ts';
import { attributeList, userDetails, userOnTheWire } from './wire.ts';

/** OpenID Connect's attributes. Each pool has them, except `sub`, which Cognito sets. */
const STANDARD_ATTRIBUTES = new Set([
  'name',
  'given_name',
  'family_name',
  'middle_name',
  'nickname',
  'preferred_username',
  'profile',
  'picture',
  'website',
  'email',
  'email_verified',
  'gender',
  'birthdate',
  'zoneinfo',
  'locale',
  'phone_number',
  'phone_number_verified',
  'address',
]);

const AttributesSchema = v.optional(
  v.array(v.strictObject({ Name: v.string(), Value: v.optional(v.string(), '') })),
  [],
);

/** Operations on the users of a pool. */
export function userOperations(define: DefineAdministration): Record<string, Operation> {
  return {
    AdminCreateUser: define(
      {
        Username: NameSchema,
        UserAttributes: AttributesSchema,
        TemporaryPassword: v.optional(v.string()),
        MessageAction: v.optional(v.picklist(['SUPPRESS', 'RESEND'])),
        // They have no effect without messages and triggers.
        DesiredDeliveryMediums: v.optional(v.unknown()),
        ClientMetadata: v.optional(v.unknown()),
        ValidationData: v.optional(v.unknown()),
        ForceAliasCreation: v.optional(v.literal(false)),
      },
      async (pool, input) => {
        if (input.MessageAction !== 'SUPPRESS') {
          throw notImplemented('messages to new users: AdminCreateUser needs MessageAction SUPPRESS');
        }
        if (input.TemporaryPassword) checkPasswordPolicy(input.TemporaryPassword, pool.passwordPolicy);
        const attributes = readAttributes(input.UserAttributes);
        const passwordHash = await hashPassword(
          input.TemporaryPassword || randomBytes(24).toString('base64'),
        );
        if (pool.state.users.has(input.Username)) {
          throw new AwsError('UsernameExistsException', 'User account already exists');
        }
        const now = pool.clock().getTime();
        const user: User = {
          username: input.Username,
          sub: randomUUID(),
          passwordHash,
          status: 'FORCE_CHANGE_PASSWORD',
          enabled: true,
          attributes,
          groups: [],
          createdAt: now,
          modifiedAt: now,
          passwordSetAt: now,
          sessionsEndedAt: 0,
        };
        pool.state.users.set(user.username, user);
        await pool.save();
        return { User: userOnTheWire(user) };
      },
    ),

    AdminSetUserPassword: define(
      { Username: NameSchema, Password: v.string(), Permanent: v.optional(v.boolean(), false) },
      async (pool, input) => {
        getUser(pool.state, input.Username);
        checkPasswordPolicy(input.Password, pool.passwordPolicy);
        const passwordHash = await hashPassword(input.Password);
        return change(pool, input.Username, (user, now) => {
          user.passwordHash = passwordHash;
          user.passwordSetAt = now;
          user.status = input.Permanent ? 'CONFIRMED' : 'FORCE_CHANGE_PASSWORD';
        });
      },
    ),

    AdminGetUser: define({ Username: NameSchema }, async (pool, input) => {
      const user = getUser(pool.state, input.Username);
      return { ...userDetails(user), UserAttributes: attributeList(user) };
    }),

    AdminDisableUser: define({ Username: NameSchema }, async (pool, input) =>
      change(pool, input.Username, (user, now) => {
        user.enabled = false;
        user.sessionsEndedAt = Math.max(now, user.sessionsEndedAt + 1);
      }),
    ),

    AdminEnableUser: define({ Username: NameSchema }, async (pool, input) =>
      change(pool, input.Username, (user) => {
        user.enabled = true;
      }),
    ),

    AdminUserGlobalSignOut: define({ Username: NameSchema }, async (pool, input) => {
      const user = getUser(pool.state, input.Username);
      user.sessionsEndedAt = Math.max(pool.clock().getTime(), user.sessionsEndedAt + 1);
      await pool.save();
      return {};
    }),

    AdminDeleteUser: define({ Username: NameSchema }, async (pool, input) => {
      getUser(pool.state, input.Username);
      pool.state.users.delete(input.Username);
      await pool.save();
      return {};
    }),

    ListUsers: define(
      {
        Limit: LimitSchema,
        PaginationToken: v.optional(v.string()),
        Filter: v.optional(v.string()),
        AttributesToGet: v.optional(v.array(v.string())),
      },
      async (pool, input) => {
        const users = [...pool.state.users.values()].filter((user) => matchesUserFilter(user, input.Filter));
        const { page, nextToken } = pageByName(users, (user) => user.username, {
          limit: input.Limit || PAGE_SIZE,
          token: input.PaginationToken,
        });
        return {
          Users: page.map((user) => ({
            ...userDetails(user),
            Attributes: attributeList(user).filter(
              ({ Name }) => input.AttributesToGet?.includes(Name) ?? true,
            ),
          })),
          PaginationToken: nextToken,
        };
      },
    ),
  };
}

async function change(
  pool: UserPool,
  username: string,
  apply: (user: User, now: number) => void,
): Promise<object> {
  const user = getUser(pool.state, username);
  const now = pool.clock().getTime();
  apply(user, now);
  user.modifiedAt = now;
  await pool.save();
  return {};
}

function readAttributes(list: readonly { Name: string; Value: string }[]): Record<string, string> {
  for (const { Name: name } of list) {
    if (STANDARD_ATTRIBUTES.has(name)) continue;
    throw new AwsError(
      'InvalidParameterException',
      `Attributes did not conform to the schema: ${name}: Attribute does not exist in the schema.`,
    );
  }
  return Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));
}
