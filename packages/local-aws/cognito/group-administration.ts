import * as v from 'valibot';
import { AwsError } from '../http/aws-error.ts';
import type { Operation } from '../json/operations.ts';
import { pageByName } from '../json/pages.ts';
import { type DefineAdministration, LimitSchema, NameSchema, PAGE_SIZE } from './administration.ts';
import { type Group, getGroup, getUser } from './state.ts';
import type { UserPool } from './user-pool.ts';
import { groupOnTheWire, userOnTheWire } from './wire.ts';

const PageEntries = { Limit: LimitSchema, NextToken: v.optional(v.string()) };

/** Operations on the groups of a pool and their members. */
export function groupOperations(define: DefineAdministration): Record<string, Operation> {
  return {
    CreateGroup: define(
      {
        GroupName: NameSchema,
        Description: v.optional(v.pipe(v.string(), v.maxLength(2048))),
        Precedence: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
      },
      async (pool, input) => {
        if (pool.state.groups.has(input.GroupName)) {
          throw new AwsError('GroupExistsException', 'A group with the name already exists.');
        }
        const now = pool.clock().getTime();
        const group: Group = {
          name: input.GroupName,
          description: input.Description,
          precedence: input.Precedence,
          createdAt: now,
          modifiedAt: now,
        };
        pool.state.groups.set(group.name, group);
        await pool.save();
        return { Group: groupOnTheWire(pool, group) };
      },
    ),

    GetGroup: define({ GroupName: NameSchema }, async (pool, input) => ({
      Group: groupOnTheWire(pool, getGroup(pool.state, input.GroupName)),
    })),

    ListGroups: define(PageEntries, async (pool, input) =>
      groupPage(pool, [...pool.state.groups.values()], input),
    ),

    DeleteGroup: define({ GroupName: NameSchema }, async (pool, input) => {
      getGroup(pool.state, input.GroupName);
      pool.state.groups.delete(input.GroupName);
      for (const user of pool.state.users.values()) {
        user.groups = user.groups.filter((name) => name !== input.GroupName);
      }
      await pool.save();
      return {};
    }),

    AdminAddUserToGroup: define({ Username: NameSchema, GroupName: NameSchema }, async (pool, input) => {
      const user = getUser(pool.state, input.Username);
      const group = getGroup(pool.state, input.GroupName);
      if (!user.groups.includes(group.name)) user.groups.push(group.name);
      await pool.save();
      return {};
    }),

    AdminRemoveUserFromGroup: define({ Username: NameSchema, GroupName: NameSchema }, async (pool, input) => {
      const user = getUser(pool.state, input.Username);
      const group = getGroup(pool.state, input.GroupName);
      user.groups = user.groups.filter((name) => name !== group.name);
      await pool.save();
      return {};
    }),

    AdminListGroupsForUser: define({ Username: NameSchema, ...PageEntries }, async (pool, input) => {
      const user = getUser(pool.state, input.Username);
      return groupPage(
        pool,
        user.groups.map((name) => getGroup(pool.state, name)),
        input,
      );
    }),

    ListUsersInGroup: define({ GroupName: NameSchema, ...PageEntries }, async (pool, input) => {
      const group = getGroup(pool.state, input.GroupName);
      const members = [...pool.state.users.values()].filter((user) => user.groups.includes(group.name));
      const { page, nextToken } = pageByName(members, (user) => user.username, {
        limit: input.Limit || PAGE_SIZE,
        token: input.NextToken,
      });
      return { Users: page.map(userOnTheWire), NextToken: nextToken };
    }),
  };
}

function groupPage(
  pool: UserPool,
  groups: readonly Group[],
  input: { readonly Limit?: number | undefined; readonly NextToken?: string | undefined },
): object {
  const { page, nextToken } = pageByName(groups, (group) => group.name, {
    limit: input.Limit || PAGE_SIZE,
    token: input.NextToken,
  });
  return { Groups: page.map((group) => groupOnTheWire(pool, group)), NextToken: nextToken };
}
