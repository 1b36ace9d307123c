import { readFileSync } from 'node:fs';
import { format, join, parse } from 'node:path';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoDbDeviceRegistry } from '../functions/adapters/dynamodb-device-registry.ts';
import type { DeviceRegistry } from '../functions/core/gateway.ts';
import type { LibraryAddresses } from './library.ts';
import { Refusal } from './refusal.ts';

/** A media library: the local stack, or one on AWS. */
export interface Installation {
  readonly registry: DeviceRegistry;
  readonly people: CognitoIdentityProviderClient;
  /** Absent when an OIDC issuer manages the users. */
  readonly userPoolId: string | undefined;
  /** Where docks connect, to show to people. Absent when the stack does not know it. */
  readonly mqttAddress: string | undefined;
  /** Table, bucket and queues. Throws a `Refusal` when one of them is unknown. */
  readonly libraryAddresses: () => LibraryAddresses;
  /** The file in which unfinished reconciliations save their place. */
  readonly placesFile: string;
}

export interface InstallationOptions {
  /** Data folder of the local stack. */
  readonly data: string;
  /** File that `cdk deploy --outputs-file` wrote; wins over `data`. */
  readonly outputs: string | undefined;
}

function readJson(path: string, advice: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new Refusal(`Cannot read ${path}: ${(cause as Error).message}. ${advice}`);
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value ? value : undefined;

function requireText(values: Record<string, unknown>, name: string, path: string): string {
  const value = textOf(values[name]);
  if (value === undefined) throw new Refusal(`${path} has no ${name}`);
  return value;
}

function openLocal(dataDirectory: string): Installation {
  const path = join(dataDirectory, 'endpoints.json');
  const values = readJson(path, 'Start the local stack with "npm start", or give --outputs for one on AWS.');
  const root = (values['root'] ?? {}) as Record<string, unknown>;
  const shared = {
    region: requireText(values, 'region', path),
    credentials: {
      accessKeyId: requireText(root, 'access_key_id', path),
      secretAccessKey: requireText(root, 'secret_access_key', path),
    },
  };
  const database = new DynamoDBClient({ ...shared, endpoint: requireText(values, 'dynamodb', path) });
  return {
    registry: dynamoDbDeviceRegistry(
      requireText(values, 'table', path),
      DynamoDBDocumentClient.from(database),
    ),
    people: new CognitoIdentityProviderClient({ ...shared, endpoint: requireText(values, 'cognito', path) }),
    userPoolId: textOf(values['user_pool_id']),
    mqttAddress: textOf(values['mqtt']),
    libraryAddresses: () => ({
      table: requireText(values, 'table', path),
      bucket: requireText(values, 'bucket', path),
      changesQueueUrl: requireText(values, 'changes_queue_url', path),
      digestsQueueUrl: requireText(values, 'digests_queue_url', path),
      flightChecksQueueUrl: requireText(values, 'flight_checks_queue_url', path),
      ...shared,
      endpoints: {
        dynamodb: requireText(values, 'dynamodb', path),
        s3: requireText(values, 's3', path),
        sqs: requireText(values, 'sqs', path),
      },
    }),
    placesFile: join(dataDirectory, 'reconcile.json'),
  };
}

/** The file holds the outputs of one or more stacks. The media library is the one that has a table name. */
function openDeployed(path: string): Installation {
  const file = readJson(path, '"npm run deploy" writes cdk-outputs.json.');
  const outputs = Object.values(file).find(
    (stack): stack is Record<string, unknown> =>
      typeof stack === 'object' && stack !== null && 'MediaTableName' in stack,
  );
  if (outputs === undefined) throw new Refusal(`${path} holds no outputs of the media library`);
  const region = requireText(outputs, 'Region', path);
  return {
    registry: dynamoDbDeviceRegistry(
      requireText(outputs, 'MediaTableName', path),
      DynamoDBDocumentClient.from(new DynamoDBClient({ region })),
    ),
    people: new CognitoIdentityProviderClient({ region }),
    userPoolId: textOf(outputs['UserPoolId']),
    mqttAddress: textOf(outputs['MqttAddress']),
    libraryAddresses: () => ({
      table: requireText(outputs, 'MediaTableName', path),
      bucket: requireText(outputs, 'MediaBucketName', path),
      changesQueueUrl: requireText(outputs, 'ChangesQueueUrl', path),
      digestsQueueUrl: requireText(outputs, 'DigestsQueueUrl', path),
      flightChecksQueueUrl: requireText(outputs, 'FlightChecksQueueUrl', path),
      region,
    }),
    placesFile: besides(path, '.reconcile.json'),
  };
}

/** `cdk-outputs.json` → `cdk-outputs.reconcile.json`. */
function besides(path: string, ext: string): string {
  const { dir, name } = parse(path);
  return format({ dir, name, ext });
}

/**
 * Opens the stack on AWS that `outputs` describes, with the AWS credentials of the environment; else the
 * local stack.
 */
export const openInstallation = ({ data, outputs }: InstallationOptions): Installation =>
  outputs === undefined ? openLocal(data) : openDeployed(outputs);
