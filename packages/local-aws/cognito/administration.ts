import * as v from 'valibot';
import { AwsError } from '../http/aws-error.ts';
import { authorize } from '../iam/authorize.ts';
import type { Identities } from '../iam/identities.ts';
import { authenticate } from '../iam/sigv4.ts';
import { type Operation, operation } from '../json/operations.ts';
import type { UserPool } from './user-pool.ts';

/** Defines an operation on a user pool that an administrator signs. */
export type DefineAdministration = <Entries extends v.ObjectEntries>(
  entries: Entries,
  run: (pool: UserPool, input: v.InferOutput<v.StrictObjectSchema<Entries, undefined>>) => Promise<object>,
) => Operation;

/** Names of users and groups. */
export const NameSchema = v.pipe(
  v.string(),
  v.regex(
    /^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u,
    'Member must satisfy regular expression pattern: [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+',
  ),
);

/** The maximum and default number of results on a page. For Cognito, 0 is the default. */
export const PAGE_SIZE = 60;

/** The number of results on a page. */
export const LimitSchema = v.optional(
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(0),
    v.maxValue(PAGE_SIZE, `Member must have value less than or equal to ${PAGE_SIZE}`),
  ),
);

/** Operations on a pool. Each needs the permission of the same name on the pool's ARN. */
export function administration(options: {
  readonly pools: ReadonlyMap<string, UserPool>;
  readonly identities: Identities;
  readonly region: string;
  readonly accountId: string;
  readonly clock: () => Date;
}): DefineAdministration {
  const { pools, identities, region, accountId, clock } = options;
  const service = 'cognito-idp';
  return (entries, run) =>
    operation(
      v.strictObject({ UserPoolId: v.string(), ...entries }),
      'InvalidParameterException',
      async (input, call) => {
        const { identity } = await authenticate(call.request, {
          service,
          region,
          identities,
          clock,
          body: call.body,
        });
        const poolId = (input as { UserPoolId: string }).UserPoolId;
        authorize(service, identity, {
          action: `${service}:${call.operation}`,
          resource: `arn:aws:${service}:${region}:${accountId}:userpool/${poolId}`,
          now: clock(),
        });
        const pool = pools.get(poolId);
        if (!pool) throw new AwsError('ResourceNotFoundException', `User pool ${poolId} does not exist.`);
        return run(pool, input as Parameters<typeof run>[1]);
      },
    );
}
