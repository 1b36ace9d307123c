import * as v from 'valibot';
import { AwsError } from '../http/aws-error.ts';
import { jsonFile } from '../json/json-file.ts';

const UserSchema = v.object({
  username: v.string(),
  sub: v.string(),
  passwordHash: v.string(),
  status: v.picklist(['CONFIRMED', 'FORCE_CHANGE_PASSWORD']),
  enabled: v.boolean(),
  attributes: v.record(v.string(), v.string()),
  groups: v.array(v.string()),
  createdAt: v.number(),
  modifiedAt: v.number(),
  passwordSetAt: v.number(),
  /** Sessions that began at this millisecond or earlier have ended. */
  sessionsEndedAt: v.number(),
});

const GroupSchema = v.object({
  name: v.string(),
  description: v.optional(v.string()),
  precedence: v.optional(v.number()),
  createdAt: v.number(),
  modifiedAt: v.number(),
});

const StateSchema = v.object({
  version: v.literal(1),
  pools: v.array(
    v.object({
      id: v.string(),
      users: v.array(UserSchema),
      groups: v.array(GroupSchema),
      /** By session id: the epoch second after which no token of the session is valid anyway. */
      revokedSessions: v.array(v.tuple([v.string(), v.number()])),
    }),
  ),
});

/** A user as stored; times are epoch milliseconds. */
export type User = v.InferOutput<typeof UserSchema>;

/** A group as stored; times are epoch milliseconds. */
export type Group = v.InferOutput<typeof GroupSchema>;

/** What changes in a user pool while the stack runs. */
export interface PoolState {
  readonly users: Map<string, User>;
  readonly groups: Map<string, Group>;
  readonly revokedSessions: Map<string, number>;
}

/** Users and groups of all pools, in one file. */
export interface State {
  /** The state of a pool. A new pool has an empty one. */
  pool(id: string): PoolState;
  /** Resolves when all changes so far are on disk. */
  save(): Promise<void>;
  /** The same, for responses that change nothing. */
  settled(): Promise<void>;
}

/** Reads the state. Rejects when the file is damaged. */
export async function loadState(path: string | undefined): Promise<State> {
  const pools = new Map<string, PoolState>();
  const file = jsonFile(path, () => ({
    version: 1,
    pools: [...pools].map(([id, pool]) => ({
      id,
      users: [...pool.users.values()],
      groups: [...pool.groups.values()],
      revokedSessions: [...pool.revokedSessions],
    })),
  }));

  const content = await file.read();
  if (content !== undefined) {
    const stored = v.safeParse(StateSchema, content);
    if (!stored.success)
      throw new Error(`${path} is not a state of the local Cognito: ${v.summarize(stored.issues)}`);
    for (const { id, users, groups, revokedSessions } of stored.output.pools) {
      pools.set(id, {
        users: new Map(users.map((user) => [user.username, user])),
        groups: new Map(groups.map((group) => [group.name, group])),
        revokedSessions: new Map(revokedSessions),
      });
    }
  }

  return {
    pool: (id) => {
      const known = pools.get(id);
      if (known) return known;
      const created = { users: new Map(), groups: new Map(), revokedSessions: new Map() };
      pools.set(id, created);
      return created;
    },
    save: () => file.write(),
    settled: () => file.settled(),
  };
}

/** A user of the pool. Throws `UserNotFoundException`. */
export function getUser(pool: PoolState, username: string): User {
  const user = pool.users.get(username);
  if (!user) throw new AwsError('UserNotFoundException', 'User does not exist.');
  return user;
}

/** A group of the pool. Throws `ResourceNotFoundException`. */
export function getGroup(pool: PoolState, name: string): Group {
  const group = pool.groups.get(name);
  if (!group) throw new AwsError('ResourceNotFoundException', 'Group not found.');
  return group;
}
