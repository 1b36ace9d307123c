import { randomInt, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { AwsError } from '../http/aws-error.ts';
import { jsonFile } from '../json/json-file.ts';

const ContentSchema = v.object({
  SecretString: v.optional(v.string()),
  /** Base64. */
  SecretBinary: v.optional(v.string()),
});

const VersionSchema = v.object({
  id: v.string(),
  stages: v.array(v.string()),
  content: ContentSchema,
  createdAt: v.number(),
});

const SecretSchema = v.object({
  name: v.string(),
  arn: v.string(),
  description: v.optional(v.string()),
  createdAt: v.number(),
  changedAt: v.number(),
  versions: v.array(VersionSchema),
});

const StateSchema = v.object({ version: v.literal(1), secrets: v.array(SecretSchema) });

/** The content of a version: text or bytes. */
export type SecretContent = v.InferOutput<typeof ContentSchema>;

/** A version of a secret. Times are epoch milliseconds. */
export type SecretVersion = v.InferOutput<typeof VersionSchema>;

/** A secret and its versions that have a stage. Times are epoch milliseconds. */
export type Secret = v.InferOutput<typeof SecretSchema>;

/** All secrets, in one file. */
export interface SecretStore {
  list(): readonly Secret[];
  /** By name, by ARN, or by ARN without its suffix. */
  find(secretId: string): Secret | undefined;
  add(secret: Pick<Secret, 'name' | 'arn' | 'description'>): Secret;
  /**
   * Makes the content the current version, and the current version the previous one. Does nothing when the
   * version exists with this content. Throws when it exists with other content.
   */
  addVersion(secret: Secret, content: SecretContent, versionId?: string): SecretVersion;
  /** Resolves when all changes so far are on disk. */
  save(): Promise<void>;
  /** The same, for responses that change nothing. */
  settled(): Promise<void>;
}

/** Reads the secrets. Rejects when the file is damaged. */
export async function openSecretStore(path: string | undefined, clock: () => Date): Promise<SecretStore> {
  let secrets: Secret[] = [];
  const file = jsonFile(path, () => ({ version: 1, secrets }));
  const content = await file.read();
  if (content !== undefined) {
    const stored = v.safeParse(StateSchema, content);
    if (!stored.success) throw new Error(`${path} does not hold the local Secrets Manager's secrets`);
    secrets = stored.output.secrets;
  }

  return {
    list: () => secrets,
    find: (secretId) => secrets.find(({ name, arn }) => [name, arn, arn.slice(0, -7)].includes(secretId)),
    add: ({ name, arn, description }) => {
      const now = clock().getTime();
      const secret = { name, arn, description, createdAt: now, changedAt: now, versions: [] };
      secrets.push(secret);
      return secret;
    },
    addVersion: (secret, content, versionId = randomUUID()) => {
      const same = secret.versions.find((version) => version.id === versionId);
      if (same) {
        if (isDeepStrictEqual(same.content, content)) return same;
        throw new AwsError(
          'ResourceExistsException',
          `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of secret ${secret.arn}.`,
        );
      }
      const now = clock().getTime();
      const current = secret.versions.find((version) => version.stages.includes('AWSCURRENT'));
      const added = { id: versionId, stages: ['AWSCURRENT'], content, createdAt: now };
      secret.versions = [...(current ? [{ ...current, stages: ['AWSPREVIOUS'] }] : []), added];
      secret.changedAt = now;
      return added;
    },
    save: () => file.write(),
    settled: () => file.settled(),
  };
}

/**
 * The end of a secret's ARN: a hyphen and six random characters, so that a new secret never has the ARN of a
 * deleted one.
 */
export function newArnSuffix(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  return `-${Array.from({ length: 6 }, () => alphabet[randomInt(alphabet.length)]).join('')}`;
}
