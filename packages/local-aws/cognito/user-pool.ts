import {
  type CompletePasswordPolicy,
  completeClient,
  completePasswordPolicy,
  type UserPoolClient,
  type UserPoolDefinition,
} from './definitions.ts';
import type { PoolKeys } from './keys.ts';
import type { PoolState, State } from './state.ts';
import { createTokens, type Tokens } from './tokens.ts';

/** A user pool: its definition, users and tokens. */
export interface UserPool {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly issuer: string;
  readonly passwordPolicy: CompletePasswordPolicy;
  readonly clients: ReadonlyMap<string, UserPoolClient>;
  readonly state: PoolState;
  readonly tokens: Tokens;
  readonly clock: () => Date;
  /** Resolves when the present users and groups are on disk. */
  save(): Promise<void>;
}

/** Creates a pool. Groups of the definition that are missing are added, and not saved yet. */
export async function createUserPool(
  definition: UserPoolDefinition,
  options: {
    readonly region: string;
    readonly accountId: string;
    readonly state: State;
    readonly keys: PoolKeys;
    readonly clock: () => Date;
  },
): Promise<UserPool> {
  const { region, accountId, state, keys, clock } = options;
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${definition.id}`;
  const pool = state.pool(definition.id);
  for (const name of definition.groups ?? []) {
    if (pool.groups.has(name)) continue;
    const now = clock().getTime();
    pool.groups.set(name, { name, createdAt: now, modifiedAt: now });
  }
  return {
    id: definition.id,
    name: definition.name,
    arn: `arn:aws:cognito-idp:${region}:${accountId}:userpool/${definition.id}`,
    issuer,
    passwordPolicy: completePasswordPolicy(definition.passwordPolicy),
    clients: new Map(definition.clients.map((client) => [client.id, completeClient(client)])),
    state: pool,
    tokens: await createTokens({ issuer, keys, clock }),
    clock,
    save: () => state.save(),
  };
}
