/**
 * The ports, made from the environment that the stack sets. It is the only place where adapters are chosen. A
 * function's bundle contains only the adapters that it uses.
 */
import { cognitoIdentityProvider } from './adapters/cognito-identity-provider.ts';
import { cognitoWorkspaceDirectory } from './adapters/cognito-workspace-directory.ts';
import { dynamoDbDeviceRegistry } from './adapters/dynamodb-device-registry.ts';
import { dynamoDbFlights } from './adapters/dynamodb-flights.ts';
import { dynamoDbMediaCatalog } from './adapters/dynamodb-media-catalog.ts';
import { dynamoDbPrioritizationLog } from './adapters/dynamodb-prioritization-log.ts';
import { dynamoDbSessionStore } from './adapters/dynamodb-session-store.ts';
import { dynamoDbTinyFingerprints } from './adapters/dynamodb-tiny-fingerprints.ts';
import { eventBridgeEventPublisher } from './adapters/eventbridge-event-publisher.ts';
import { iotDevicePublisher } from './adapters/iot-device-publisher.ts';
import { mediaTable } from './adapters/media-table.ts';
import { mqttDockServices } from './adapters/mqtt-dock-services.ts';
import { s3ObjectDigester } from './adapters/s3-object-digester.ts';
import { s3ObjectStorage } from './adapters/s3-object-storage.ts';
import { secretsManagerDockSettings } from './adapters/secrets-manager-dock-settings.ts';
import { sqsDigestQueue, sqsEventOutbox, sqsFlightWatch } from './adapters/sqs-work-queues.ts';
import { stsCredentialIssuer } from './adapters/sts-credential-issuer.ts';
import type { DockSettingsSource } from './core/dock-settings.ts';
import type { PrioritizationLog } from './core/flight-priority.ts';
import type { DeviceRegistry } from './core/gateway.ts';
import type { Library, LibraryWithDigests } from './core/library.ts';
import type { DigestQueue, FlightWatch } from './core/library-events.ts';
import type { Flights, MediaCatalog, TinyFingerprints } from './core/media-catalog.ts';
import type { ObjectDigester } from './core/object-storage.ts';
import type { PrioritizeFlightPorts } from './core/prioritize-flight.ts';
import type { SessionPorts } from './core/sessions.ts';
import type { CredentialIssuer } from './core/upload-credentials.ts';
import type { WorkspaceDirectory } from './core/workspace-directory.ts';
import {
  CHANGES_QUEUE_URL,
  DIGESTS_QUEUE_URL,
  DOCK_SETTINGS_SECRET_ARN,
  EVENT_SOURCE,
  FLIGHT_CHECKS_QUEUE_URL,
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

/** Only the flights. */
export const flights = (): Flights => dynamoDbFlights(mediaTable(requireEnv(MEDIA_TABLE_NAME)));

/** Only the tiny fingerprints. */
export const tinyFingerprints = (): TinyFingerprints =>
  dynamoDbTinyFingerprints(mediaTable(requireEnv(MEDIA_TABLE_NAME)));

export const objectDigester = (): ObjectDigester => s3ObjectDigester(requireEnv(MEDIA_BUCKET_NAME));

export const mediaCatalog = (): MediaCatalog => dynamoDbMediaCatalog(requireEnv(MEDIA_TABLE_NAME));

export const deviceRegistry = (): DeviceRegistry => dynamoDbDeviceRegistry(requireEnv(MEDIA_TABLE_NAME));

export const prioritizationLog = (): PrioritizationLog =>
  dynamoDbPrioritizationLog(requireEnv(MEDIA_TABLE_NAME));

/** The ports of the rules. */
export const mediaLibrary = (): LibraryWithDigests => ({
  catalog: mediaCatalog(),
  storage: s3ObjectStorage(requireEnv(MEDIA_BUCKET_NAME)),
  ...flightWatchPorts(),
  digests: digestQueue(),
});

const flightWatch = (): FlightWatch => sqsFlightWatch(requireEnv(FLIGHT_CHECKS_QUEUE_URL));

/** The ports for following a flight: events, and the queue of checks. */
export const flightWatchPorts = (): Pick<Library, 'events' | 'watch'> => ({
  events: sqsEventOutbox(requireEnv(CHANGES_QUEUE_URL)),
  watch: flightWatch(),
});

/** The same with the event bus itself, for functions that no device waits for. */
export const backgroundLibrary = (): Library => ({
  catalog: mediaCatalog(),
  storage: s3ObjectStorage(requireEnv(MEDIA_BUCKET_NAME)),
  events: eventBridgeEventPublisher(requireEnv(EVENT_SOURCE)),
  watch: flightWatch(),
});

/** The queue of versions to read. */
export const digestQueue = (): DigestQueue => sqsDigestQueue(requireEnv(DIGESTS_QUEUE_URL));

/** A configured SDK endpoint is also the one for devices. */
export const credentialIssuer = (): CredentialIssuer =>
  stsCredentialIssuer({
    bucketName: requireEnv(MEDIA_BUCKET_NAME),
    uploadRoleArn: requireEnv(UPLOAD_ROLE_ARN),
    endpoint: process.env['AWS_ENDPOINT_URL_S3'] ?? requireEnv(OBJECT_STORAGE_ENDPOINT),
    region: requireEnv('AWS_REGION'),
  });

/** What it takes to sign people in, and to renew their tokens. */
export const sessionPorts = (): SessionPorts => ({
  people: cognitoIdentityProvider(requireEnv(USER_POOL_CLIENT_ID)),
  store: dynamoDbSessionStore(mediaTable(requireEnv(MEDIA_TABLE_NAME))),
});

/** With an OIDC issuer there are no names. */
export const workspaceDirectory = (): WorkspaceDirectory => {
  const userPoolId = process.env[USER_POOL_ID];
  return userPoolId ? cognitoWorkspaceDirectory(userPoolId) : { findName: async () => undefined };
};

/** The MQTT address that sign-in returns; empty without a broker. */
export const mqttAddress = (): string => process.env[MQTT_ADDRESS] ?? '';

export const dockSettingsSource = (): DockSettingsSource =>
  secretsManagerDockSettings(requireEnv(DOCK_SETTINGS_SECRET_ARN));

/** The ports of all MQTT methods. */
export const dockPorts = (): { registry: DeviceRegistry; publisher: DevicePublisher } => ({
  registry: deviceRegistry(),
  publisher: iotDevicePublisher(),
});

export const prioritizeFlightPorts = (): PrioritizeFlightPorts => ({
  catalog: flights(),
  log: prioritizationLog(),
  registry: deviceRegistry(),
  docks: mqttDockServices(iotDevicePublisher()),
});
