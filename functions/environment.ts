/**
 * Names of the environment variables that the functions read. `lib/` sets them from the same constants,
 * so this file imports nothing.
 */

/** Name of the DynamoDB table that holds the catalog. */
export const MEDIA_TABLE_NAME = 'MEDIA_TABLE_NAME';
/** Name of the S3 bucket that holds the files. */
export const MEDIA_BUCKET_NAME = 'MEDIA_BUCKET_NAME';
/** ARN of the role that devices get for one scope. */
export const UPLOAD_ROLE_ARN = 'UPLOAD_ROLE_ARN';
/** Address of object storage for devices, with scheme. `AWS_ENDPOINT_URL_S3` takes precedence. */
export const OBJECT_STORAGE_ENDPOINT = 'OBJECT_STORAGE_ENDPOINT';
/** App client of the user pool for the sign-in of users. */
export const USER_POOL_CLIENT_ID = 'USER_POOL_CLIENT_ID';
/** User pool whose groups are the workspaces; absent with an OIDC issuer. */
export const USER_POOL_ID = 'USER_POOL_ID';
/** The token claim that lists a user's workspaces: an array, or API Gateway's form `[a b]`. */
export const WORKSPACES_CLAIM = 'WORKSPACES_CLAIM';
/** Address that Pilot's cloud module connects to, such as `ssl://…:8883`; empty when there is none. */
export const MQTT_ADDRESS = 'MQTT_ADDRESS';

/** ARN of the secret for `config`: NTP server and DJI licence. */
export const DOCK_SETTINGS_SECRET_ARN = 'DOCK_SETTINGS_SECRET_ARN';

/** The stack's name, for the `service` of log lines and metrics. Powertools' own variable. */
export const POWERTOOLS_SERVICE_NAME = 'POWERTOOLS_SERVICE_NAME';

/** The lowest level that is logged. Powertools' own variable. */
export const POWERTOOLS_LOG_LEVEL = 'POWERTOOLS_LOG_LEVEL';

/** URL of the queue of flights to check later. */
export const FLIGHT_CHECKS_QUEUE_URL = 'FLIGHT_CHECKS_QUEUE_URL';
/** URL of the queue of bucket changes, and of events for the bus. */
export const CHANGES_QUEUE_URL = 'CHANGES_QUEUE_URL';
/** The `source` of events on the bus: the stack's name. */
export const EVENT_SOURCE = 'EVENT_SOURCE';
/** URL of the queue of object versions to read. */
export const DIGESTS_QUEUE_URL = 'DIGESTS_QUEUE_URL';

/** The value of an environment variable that the stack always sets. Throws when it is missing or empty. */
export function requireEnv(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Environment variable ${name} is not set`);
  return value;
}
