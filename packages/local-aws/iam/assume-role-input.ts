import { AwsError, notImplemented } from '../http/aws-error.ts';
import type { PolicyDocument } from './policy.ts';
import { checkPolicy } from './policy-validation.ts';

/** A valid request to assume a role. */
export interface AssumeRoleInput {
  readonly roleArn: string;
  readonly roleSessionName: string;
  readonly durationInSeconds: number;
  readonly sessionPolicy: PolicyDocument | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity: string | undefined;
  readonly externalId: string | undefined;
}

/** Parameters of the query protocol by name, such as `Tags.member.1.Key`. */
export type QueryParameters = ReadonlyMap<string, string>;

const KNOWN_PARAMETERS =
  /^(Action|Version|RoleArn|RoleSessionName|DurationSeconds|Policy|SourceIdentity|ExternalId|Tags\.member\.\d+\.(Key|Value)|TransitiveTagKeys\.member\.\d+)$/;

/** AWS's limit for the policy, in characters of its plain text. */
const MAX_POLICY_CHARACTERS = 2048;

const DEFAULT_DURATION_IN_SECONDS = 3600;
const MIN_DURATION_IN_SECONDS = 900;
const MAX_DURATION_IN_SECONDS = 43_200;

const MAX_TAGS = 50;
const SESSION_NAME = /^[\w+=,.@-]*$/;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const POLICY_TEXT = /^[\t\n\r\u0020-\u00ff]+$/;

/** Reads and validates the parameters of `AssumeRole`, with the limits that AWS documents. */
export function assumeRoleInput(parameters: QueryParameters): AssumeRoleInput {
  for (const name of parameters.keys()) {
    if (!KNOWN_PARAMETERS.test(name)) throw notImplemented(`the parameter ${name} of AssumeRole`);
  }
  const sourceIdentity = parameters.get('SourceIdentity');
  const externalId = parameters.get('ExternalId');
  const roleSessionName = textWithin(
    parameters.get('RoleSessionName'),
    'roleSessionName',
    [2, 64],
    SESSION_NAME,
  );
  if (sourceIdentity !== undefined) textWithin(sourceIdentity, 'sourceIdentity', [2, 64], SESSION_NAME);
  if (externalId !== undefined) textWithin(externalId, 'externalId', [2, 1224], /^[\w+=,.@:/-]*$/);
  const tags = readTags(parameters);
  return {
    roleArn: textWithin(parameters.get('RoleArn'), 'roleArn', [20, 2048]),
    roleSessionName,
    durationInSeconds: readDuration(parameters.get('DurationSeconds')),
    sessionPolicy: readPolicy(parameters.get('Policy')),
    tags,
    transitiveTagKeys: readTransitiveTagKeys(parameters, tags),
    sourceIdentity,
    externalId,
  };
}

/** AWS's error for a parameter outside its limits. */
export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

function constraint(name: string, rule: string): AwsError {
  return validationError(
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: ${rule}`,
  );
}

function textWithin(
  value: string | undefined,
  name: string,
  [shortest, longest]: readonly [number, number],
  pattern?: RegExp,
): string {
  if (value === undefined) throw constraint(name, 'Member must not be null');
  if (value.length < shortest) {
    throw constraint(name, `Member must have length greater than or equal to ${shortest}`);
  }
  if (value.length > longest)
    throw constraint(name, `Member must have length less than or equal to ${longest}`);
  if (pattern && !pattern.test(value)) {
    throw constraint(name, `Member must satisfy regular expression pattern: ${pattern.source}`);
  }
  return value;
}

function readDuration(text: string | undefined): number {
  if (text === undefined) return DEFAULT_DURATION_IN_SECONDS;
  if (!/^-?\d+$/.test(text)) throw new AwsError('MalformedInput', 'DurationSeconds is not a number');
  const seconds = Number(text);
  if (seconds < MIN_DURATION_IN_SECONDS) {
    throw constraint(
      'durationSeconds',
      `Member must have value greater than or equal to ${MIN_DURATION_IN_SECONDS}`,
    );
  }
  if (seconds > MAX_DURATION_IN_SECONDS) {
    throw constraint(
      'durationSeconds',
      `Member must have value less than or equal to ${MAX_DURATION_IN_SECONDS}`,
    );
  }
  return seconds;
}

function readPolicy(text: string | undefined): PolicyDocument | undefined {
  if (text === undefined) return undefined;
  textWithin(text, 'policy', [1, MAX_POLICY_CHARACTERS], POLICY_TEXT);
  try {
    const document: unknown = JSON.parse(text);
    checkPolicy(document, 'identity');
    return document;
  } catch (error) {
    const reason =
      error instanceof SyntaxError ? 'This policy contains invalid Json' : (error as Error).message;
    throw new AwsError('MalformedPolicyDocument', reason);
  }
}

function readTags(parameters: QueryParameters): Record<string, string> {
  const tags = new Map<string, string>();
  const seen = new Set<string>();
  for (const index of memberIndexes(parameters, 'Tags')) {
    const name = `tags.${index}.member`;
    const key = textWithin(parameters.get(`Tags.member.${index}.Key`), `${name}.key`, [1, 128], TAG_TEXT);
    const value = textWithin(
      parameters.get(`Tags.member.${index}.Value`),
      `${name}.value`,
      [0, 256],
      TAG_TEXT,
    );
    if (key.toLowerCase().startsWith('aws:')) {
      throw new AwsError('InvalidParameterValue', 'Tag keys that begin with "aws:" are reserved for AWS.');
    }
    if (seen.has(key.toLowerCase())) {
      const message = 'Duplicate tag keys found. Please note that Tag keys are case insensitive.';
      throw new AwsError('InvalidParameterValue', message);
    }
    seen.add(key.toLowerCase());
    tags.set(key, value);
  }
  if (tags.size > MAX_TAGS)
    throw constraint('tags', `Member must have length less than or equal to ${MAX_TAGS}`);
  return Object.fromEntries(tags);
}

function readTransitiveTagKeys(
  parameters: QueryParameters,
  tags: Readonly<Record<string, string>>,
): string[] {
  const keys = memberIndexes(parameters, 'TransitiveTagKeys').map(
    (index) => parameters.get(`TransitiveTagKeys.member.${index}`) ?? '',
  );
  const unknown = keys.find((key) => !Object.hasOwn(tags, key));
  if (unknown !== undefined) {
    const message = `The specified transitive tag key must be included in the requested tags: ${unknown}`;
    throw new AwsError('InvalidParameterValue', message);
  }
  return keys;
}

function memberIndexes(parameters: QueryParameters, list: string): number[] {
  const indexes = [...parameters.keys()].map(
    (name) => new RegExp(`^${list}\\.member\\.(\\d+)`).exec(name)?.[1],
  );
  return [...new Set(indexes.filter((index) => index !== undefined).map(Number))].sort(
    (left, right) => left - right,
  );
}
