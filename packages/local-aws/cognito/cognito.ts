import { join } from 'node:path';
import type { JSONWebKeySet } from 'jose';
import type { LocalService } from '../http/local-service.ts';
import type { Identities } from '../iam/identities.ts';
import { jsonService } from '../json/json-service.ts';
import { dispatch } from '../json/operations.ts';
import { administration } from './administration.ts';
import type { UserPoolDefinition } from './definitions.ts';
import { groupOperations } from './group-administration.ts';
import { loadKeys } from './keys.ts';
import { descriptionOperations } from './pool-description.ts';
import { signInOperations } from './sign-in.ts';
import { loadState } from './state.ts';
import { userOperations } from './user-administration.ts';
import { createUserPool, type UserPool } from './user-pool.ts';

export type { PasswordPolicy, UserPoolClientDefinition, UserPoolDefinition } from './definitions.ts';

/** More than any request of these operations needs. */
const BODY_LIMIT_IN_BYTES = 128 * 1024;

/** How to start the local Cognito. */
export interface CognitoOptions {
  readonly identities: Identities;
  readonly region: string;
  readonly accountId: string;
  readonly userPools: readonly UserPoolDefinition[];
  /** Folder of users and signing keys. @default in memory */
  readonly dataDirectory?: string | undefined;
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
  /** Gets errors of the service itself. @default standard error */
  readonly log?: ((line: string) => void) | undefined;
}

/** The local Cognito. API Gateway checks tokens with `jwks`. */
export interface Cognito extends LocalService {
  /** The public keys of a pool. Throws when there is no such pool. */
  jwks(userPoolId: string): JSONWebKeySet;
}

/** Starts Cognito with the pools of the template; the caller listens. */
export async function createCognito(options: CognitoOptions): Promise<Cognito> {
  const { identities, region, accountId, dataDirectory, clock = () => new Date() } = options;
  const file = (name: string): string | undefined =>
    dataDirectory === undefined ? undefined : join(dataDirectory, name);
  const state = await loadState(file('users.json'));
  const poolKeys = await loadKeys(
    file('keys.json'),
    options.userPools.map(({ id }) => id),
  );
  const pools = new Map<string, UserPool>();
  for (const definition of options.userPools) {
    const keys = poolKeys.get(definition.id);
    if (!keys) throw new Error(`The user pool ${definition.id} has no keys`);
    pools.set(definition.id, await createUserPool(definition, { region, accountId, state, keys, clock }));
  }
  await state.save();

  const define = administration({ pools, identities, region, accountId, clock });
  const service = jsonService({
    name: 'cognito',
    contentType: 'application/x-amz-json-1.1',
    target: 'AWSCognitoIdentityProviderService',
    bodyLimitInBytes: BODY_LIMIT_IN_BYTES,
    answer: dispatch(
      {
        ...signInOperations(pools),
        ...userOperations(define),
        ...groupOperations(define),
        ...descriptionOperations(define),
      },
      'Cognito',
    ),
    settled: () => state.settled(),
    document: (path) => wellKnownDocument(pools, path),
    log: options.log,
  });

  return {
    ...service,
    jwks: (userPoolId) => {
      const pool = pools.get(userPoolId);
      if (!pool) throw new Error(`There is no user pool ${userPoolId}`);
      return pool.tokens.jwks();
    },
  };
}

function wellKnownDocument(pools: ReadonlyMap<string, UserPool>, path: string): object | undefined {
  const [, poolId = '', document] =
    /^\/([^/]+)\/\.well-known\/(jwks\.json|openid-configuration)$/.exec(path) ?? [];
  const pool = pools.get(poolId);
  if (!pool) return undefined;
  if (document === 'jwks.json') return pool.tokens.jwks();
  return {
    issuer: pool.issuer,
    jwks_uri: `${pool.issuer}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'token'],
    scopes_supported: ['openid', 'email', 'phone', 'profile'],
    subject_types_supported: ['public'],
  };
}
