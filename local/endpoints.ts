import { join } from 'node:path';
import { readPrivateJson, writePrivateJson } from './private-json.ts';

/** The default data folder. */
export const DEFAULT_DATA_DIRECTORY = '.local';

/** Where the services of a running local stack are. Scripts read it from `endpoints.json`. */
export interface Endpoints {
  readonly region: string;
  readonly api: string;
  readonly s3: string;
  readonly sts: string;
  readonly dynamodb: string;
  readonly cognito: string;
  /** MQTT over TCP; empty, like the other addresses of AWS IoT, when the stack has no docks. */
  readonly mqtt: string;
  /** MQTT over WebSocket. */
  readonly mqtt_ws: string;
  readonly iot_data: string;
  readonly secretsmanager: string;
  readonly sqs: string;
  readonly changes_queue_url: string;
  readonly digests_queue_url: string;
  readonly flight_checks_queue_url: string;
  /** The page that shows the library. It is for this machine only. */
  readonly page: string;
  readonly bucket: string;
  readonly table: string;
  /** Empty when users sign in with an OIDC issuer. */
  readonly user_pool_id: string;
  readonly user_pool_client_id: string;
  /** One in each demo workspace. */
  readonly users: readonly DemoUser[];
  /** One in each demo workspace. */
  readonly docks: readonly DemoDock[];
  /** The administrator of the local account. */
  readonly root: { readonly access_key_id: string; readonly secret_access_key: string };
}

/** A user that every local stack has. */
export interface DemoUser {
  readonly username: string;
  readonly password: string;
  readonly workspace_id: string;
}

/** A dock that every local stack has. */
export interface DemoDock {
  /** Serial number. */
  readonly sn: string;
  readonly username: string;
  readonly password: string;
  readonly workspace_id: string;
}

/** The file in the data folder. */
export function endpointsFile(dataDirectory: string): string {
  return join(dataDirectory, 'endpoints.json');
}

/** Writes the file as a whole, readable by its owner only: it holds passwords. */
export function writeEndpoints(dataDirectory: string, endpoints: Endpoints): void {
  writePrivateJson(endpointsFile(dataDirectory), endpoints);
}

/** Reads the file; undefined when there is none. */
export function readEndpoints(dataDirectory: string): Endpoints | undefined {
  return readPrivateJson<Endpoints>(endpointsFile(dataDirectory));
}
