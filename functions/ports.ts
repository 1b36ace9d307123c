/**
 * What the core needs, put together from the environment that the stack sets: the only place where adapters are chosen. Each
 * function's bundle holds the adapters that it calls for, and no others.
 */
import { cognitoIdentityProvider } from './adapters/cognito-identity-provider.ts';
import { cognitoWorkspaceDirectory } from './adapters/cognito-workspace-directory.ts';
import { dynamoDbDeviceRegistry } from './adapters/dynamodb-device-registry.ts';
import { dynamoDbMediaCatalog } from './adapters/dynamodb-media-catalog.ts';
import { dynamoDbPrioritizationLog } from './adapters/dynamodb-prioritization-log.ts';
import { iotDevicePublisher } from './adapters/iot-device-publisher.ts';
import { mqttDockServices } from './adapters/mqtt-dock-services.ts';
import { s3ObjectStorage } from './adapters/s3-object-storage.ts';
import { secretsManagerDockSettings } from './adapters/secrets-manager-dock-settings.ts';
import { stsCredentialIssuer } from './adapters/sts-credential-issuer.ts';
import type { DockSettingsSource } from './core/dock-settings.ts';
import type { PrioritizationLog } from './core/flight-priority.ts';
import type { DeviceRegistry } from './core/gateway.ts';
import type { MediaCatalog } from './core/media-catalog.ts';
import type { PrioritizeFlightPorts } from './core/prioritize-flight.ts';
import type { RecordUploadPorts } from './core/record-upload.ts';
import type { IdentityProvider } from './core/sign-in.ts';
import type { CredentialIssuer } from './core/upload-credentials.ts';
import type { WorkspaceDirectory } from './core/workspace-directory.ts';
import {
  DOCK_SETTINGS_SECRET_ARN,
  MEDIA_BUCKET_NAME,
  MEDIA_TABLE_NAME,
  MQTT_ADDRESS,
  OBJECT_STORAGE_ENDPOINT,
  requireEnv,
  UPLOAD_ROLE_ARN,
  USER_POOL_CLIENT_ID,
  USER_POOL_ID,
} from './environment.ts';
import type { DevicePublisher } from './protocol/dock-message.ts';

export { devicePolicies } from './adapters/device-policy.ts';

export const mediaCatalog = (): MediaCatalog => dynamoDbMediaCatalog(requireEnv(MEDIA_TABLE_NAME));

export const deviceRegistry = (): DeviceRegistry => dynamoDbDeviceRegistry(requireEnv(MEDIA_TABLE_NAME));

export const prioritizationLog = (): PrioritizationLog =>
  dynamoDbPrioritizationLog(requireEnv(MEDIA_TABLE_NAME));

export const recordUploadPorts = (): RecordUploadPorts => ({
  catalog: mediaCatalog(),
  storage: s3ObjectStorage(requireEnv(MEDIA_BUCKET_NAME)),
});

/** A configured SDK endpoint is where devices go too. */
export const credentialIssuer = (): CredentialIssuer =>
  stsCredentialIssuer({
    bucketName: requireEnv(MEDIA_BUCKET_NAME),
    uploadRoleArn: requireEnv(UPLOAD_ROLE_ARN),
    endpoint: process.env['AWS_ENDPOINT_URL_S3'] ?? requireEnv(OBJECT_STORAGE_ENDPOINT),
    region: requireEnv('AWS_REGION'),
  });

export const identityProvider = (): IdentityProvider =>
  cognitoIdentityProvider(requireEnv(USER_POOL_CLIENT_ID));

/** With an issuer of people's own there is none that knows names. */
export const workspaceDirectory = (): WorkspaceDirectory => {
  const userPoolId = process.env[USER_POOL_ID];
  return userPoolId ? cognitoWorkspaceDirectory(userPoolId) : { findName: async () => undefined };
};

/** Where signing in tells Pilot to connect to; empty where there is no broker. */
export const mqttAddress = (): string => process.env[MQTT_ADDRESS] ?? '';

export const dockSettingsSource = (): DockSettingsSource =>
  secretsManagerDockSettings(requireEnv(DOCK_SETTINGS_SECRET_ARN));

/** What every MQTT method needs. */
export const dockPorts = (): { registry: DeviceRegistry; publisher: DevicePublisher } => ({
  registry: deviceRegistry(),
  publisher: iotDevicePublisher(),
});

export const prioritizeFlightPorts = (): PrioritizeFlightPorts => ({
  catalog: mediaCatalog(),
  log: prioritizationLog(),
  registry: deviceRegistry(),
  docks: mqttDockServices(iotDevicePublisher()),
});
