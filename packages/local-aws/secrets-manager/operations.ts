import * as v from 'valibot';
import { AwsError } from '../http/aws-error.ts';
import type { JsonCall } from '../json/json-service.ts';
import { type Operation, operation } from '../json/operations.ts';
import { pageByName } from '../json/pages.ts';
import { newArnSuffix, type Secret, type SecretContent, type SecretStore } from './secret-store.ts';

const CURRENT = 'AWSCURRENT';
const PAGE_SIZE = 100;

const SecretIdSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(2048));

const ContentEntries = {
  SecretString: v.optional(v.pipe(v.string(), v.maxBytes(65_536))),
  SecretBinary: v.optional(v.pipe(v.string(), v.base64(), v.maxLength(87_384))),
  ClientRequestToken: v.optional(v.pipe(v.string(), v.minLength(32), v.maxLength(64))),
};

/** What the operations use. */
export interface OperationContext {
  readonly store: SecretStore;
  /** `arn:aws:secretsmanager:<region>:<account>:secret:`. */
  readonly arnPrefix: string;
  /** Throws unless the caller has signed the request and has the permission. */
  authorize(call: JsonCall, resource: string): Promise<void>;
}

/** The operations of Secrets Manager. */
export function secretsManagerOperations(context: OperationContext): Record<string, Operation> {
  const { store, arnPrefix, authorize } = context;
  const define = <Schema extends v.GenericSchema>(
    schema: Schema,
    run: (input: v.InferOutput<Schema>, call: JsonCall) => Promise<object>,
  ): Operation => operation(schema, 'ValidationException', run);

  /**
   * The secret, after the permission check: without permission, a caller does not learn whether it exists.
   */
  const getSecret = async (call: JsonCall, secretId: string): Promise<Secret> => {
    const secret = store.find(secretId);
    await authorize(
      call,
      secret?.arn ?? (secretId.startsWith('arn:') ? secretId : `${arnPrefix}${secretId}`),
    );
    if (!secret) throw notFound("Secrets Manager can't find the specified secret.");
    return secret;
  };

  return {
    GetSecretValue: define(
      v.strictObject({
        SecretId: SecretIdSchema,
        VersionId: v.optional(v.string()),
        VersionStage: v.optional(v.string()),
      }),
      async (input, call) => {
        const secret = await getSecret(call, input.SecretId);
        const stage = input.VersionStage ?? (input.VersionId === undefined ? CURRENT : undefined);
        const version = secret.versions.find(
          ({ id, stages }) =>
            (input.VersionId === undefined || id === input.VersionId) &&
            (stage === undefined || stages.includes(stage)),
        );
        if (!version) {
          const which = stage === undefined ? `VersionId: ${input.VersionId}` : `staging label: ${stage}`;
          throw notFound(`Secrets Manager can't find the specified secret value for ${which}`);
        }
        return {
          ARN: secret.arn,
          Name: secret.name,
          VersionId: version.id,
          VersionStages: version.stages,
          CreatedDate: version.createdAt / 1000,
          ...version.content,
        };
      },
    ),

    CreateSecret: define(
      v.strictObject({
        Name: v.pipe(v.string(), v.regex(/^[\w/+=.@-]{1,512}$/, 'Invalid name.')),
        Description: v.optional(v.string()),
        ...ContentEntries,
      }),
      async (input, call) => {
        const arn = `${arnPrefix}${input.Name}${newArnSuffix()}`;
        await authorize(call, arn);
        const content = contentOf(input);
        const existing = store.list().find(({ name }) => name === input.Name);
        // The SDK sends the same token in retries.
        const isRetry = existing?.versions.some(({ id }) => id === input.ClientRequestToken) ?? false;
        if (existing && !(isRetry && content)) {
          throw new AwsError(
            'ResourceExistsException',
            `The operation failed because the secret ${input.Name} already exists.`,
          );
        }
        const secret = existing ?? store.add({ name: input.Name, arn, description: input.Description });
        const version = content && store.addVersion(secret, content, input.ClientRequestToken);
        await store.save();
        return { ARN: secret.arn, Name: secret.name, VersionId: version?.id };
      },
    ),

    PutSecretValue: define(
      v.strictObject({
        SecretId: SecretIdSchema,
        ...ContentEntries,
        VersionStages: v.optional(v.strictTuple([v.literal(CURRENT)])),
      }),
      async (input, call) => {
        const secret = await getSecret(call, input.SecretId);
        const content = contentOf(input);
        if (!content) throw invalidRequest('You must provide either SecretString or SecretBinary.');
        const version = store.addVersion(secret, content, input.ClientRequestToken);
        await store.save();
        return { ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: version.stages };
      },
    ),

    DescribeSecret: define(v.strictObject({ SecretId: SecretIdSchema }), async (input, call) =>
      describe(await getSecret(call, input.SecretId), 'VersionIdsToStages'),
    ),

    ListSecrets: define(
      v.strictObject({
        MaxResults: v.optional(
          v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(PAGE_SIZE)),
          PAGE_SIZE,
        ),
        NextToken: v.optional(v.string()),
      }),
      async (input, call) => {
        await authorize(call, '*');
        const { page, nextToken } = pageByName(store.list(), ({ name }) => name, {
          limit: input.MaxResults,
          token: input.NextToken,
        });
        return {
          SecretList: page.map((secret) => describe(secret, 'SecretVersionsToStages')),
          NextToken: nextToken,
        };
      },
    ),
  };
}

function describe(secret: Secret, versionsName: 'VersionIdsToStages' | 'SecretVersionsToStages'): object {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    CreatedDate: secret.createdAt / 1000,
    LastChangedDate: secret.changedAt / 1000,
    [versionsName]: Object.fromEntries(secret.versions.map(({ id, stages }) => [id, stages])),
  };
}

function contentOf(input: SecretContent): SecretContent | undefined {
  const { SecretString, SecretBinary } = input;
  if (SecretString !== undefined && SecretBinary !== undefined) {
    throw invalidRequest(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (SecretString !== undefined) return { SecretString };
  return SecretBinary === undefined ? undefined : { SecretBinary };
}

const notFound = (message: string): AwsError => new AwsError('ResourceNotFoundException', message);

const invalidRequest = (message: string): AwsError => new AwsError('InvalidRequestException', message);
