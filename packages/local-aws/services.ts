import { createServer as createProbe, type Server as NetServer } from 'node:net';
import { networkInterfaces } from 'node:os';

/** The services of the local stack, in the order of their ports. */
export const SERVICES = [
  { key: 'api', title: 'API' },
  { key: 's3', title: 'S3', sdkVariable: 'AWS_ENDPOINT_URL_S3' },
  { key: 'sts', title: 'STS', sdkVariable: 'AWS_ENDPOINT_URL_STS' },
  { key: 'dynamodb', title: 'DynamoDB', sdkVariable: 'AWS_ENDPOINT_URL_DYNAMODB' },
  { key: 'cognito', title: 'Cognito', sdkVariable: 'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER' },
  { key: 'mqtt', title: 'MQTT' },
  { key: 'mqtt_ws', title: 'MQTT over WebSocket' },
  { key: 'iot_data', title: 'AWS IoT data', sdkVariable: 'AWS_ENDPOINT_URL_IOT_DATA_PLANE' },
  { key: 'secretsmanager', title: 'Secrets Manager', sdkVariable: 'AWS_ENDPOINT_URL_SECRETS_MANAGER' },
  { key: 'sqs', title: 'SQS', sdkVariable: 'AWS_ENDPOINT_URL_SQS' },
  { key: 'page', title: 'the page' },
] as const satisfies readonly { key: string; title: string; sdkVariable?: string }[];

/** Name of a service, as in `endpoints.json`. */
export type ServiceKey = (typeof SERVICES)[number]['key'];

/** Something of this machine keeps the local stack from starting; the message says what, in one line. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Where the services listen. */
export interface Listening {
  readonly host: string;
  /** Of the first service, the others follow; 0 takes free ones. */
  readonly port: number;
}

/** Fails when a port is taken, before anything that takes time has begun. */
export async function checkPorts(listening: Listening): Promise<void> {
  for (const { key } of SERVICES) {
    const probe = createProbe();
    await listenOn(probe, key, listening);
    await new Promise<void>((resolve) => probe.close(() => resolve()));
  }
}

/** Starts a service's server on its port. */
export function listenOn(server: NetServer, key: ServiceKey, { host, port }: Listening): Promise<void> {
  const index = SERVICES.findIndex((service) => service.key === key);
  const ownPort = port === 0 ? 0 : port + index;
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(listenError(error, key, host, ownPort));
    server.once('error', fail);
    server.listen(ownPort, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** The address at which a listening server is reached. */
export function addressOf(server: NetServer, host: string, scheme = 'http'): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('The server does not listen on a port');
  const reachable = reachableHost(host);
  return `${scheme}://${reachable.includes(':') ? `[${reachable}]` : reachable}:${bound.port}`;
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** All addresses at once cannot be called: the first one that others see stands for them. */
function reachableHost(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

function listenError(error: NodeJS.ErrnoException, key: ServiceKey, host: string, port: number): Error {
  const title = SERVICES.find((service) => service.key === key)?.title;
  if (error.code === 'EADDRINUSE') {
    return new StartError(
      `Port ${port}, which ${title} needs, is in use by another program: choose others with --port`,
    );
  }
  if (error.code === 'EACCES')
    return new StartError(`Port ${port}, which ${title} needs, is not allowed: choose others with --port`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new StartError(`This machine has no address ${host}: choose another with --host`);
  }
  return error;
}
