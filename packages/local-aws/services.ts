import { createServer as createProbe, type Server as NetServer } from 'node:net';
import { networkInterfaces } from 'node:os';

/** The services, in the order of their ports. */
export const SERVICES = [
  { key: 'api', title: 'API' },
  { key: 's3', title: 'S3', sdkVariable: 'AWS_ENDPOINT_URL_S3' },
  { key: 'sts', title: 'STS', sdkVariable: 'AWS_ENDPOINT_URL_STS' },
  { key: 'dynamodb', title: 'DynamoDB', sdkVariable: 'AWS_ENDPOINT_URL_DYNAMODB' },
  { key: 'cognito', title: 'Cognito', sdkVariable: 'AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER' },
  { key: 'mqtt', title: 'MQTT', scheme: 'mqtt' },
  { key: 'mqtt_ws', title: 'MQTT over WebSocket', scheme: 'ws', path: '/mqtt' },
  { key: 'iot_data', title: 'AWS IoT data', sdkVariable: 'AWS_ENDPOINT_URL_IOT_DATA_PLANE' },
  { key: 'secretsmanager', title: 'Secrets Manager', sdkVariable: 'AWS_ENDPOINT_URL_SECRETS_MANAGER' },
  { key: 'sqs', title: 'SQS', sdkVariable: 'AWS_ENDPOINT_URL_SQS' },
  { key: 'eventbridge', title: 'EventBridge', sdkVariable: 'AWS_ENDPOINT_URL_EVENTBRIDGE' },
  { key: 'other', title: 'every other service', sdkVariable: 'AWS_ENDPOINT_URL' },
  { key: 'cloudfront', title: 'CloudFront' },
] as const satisfies readonly ServiceRow[];

interface ServiceRow {
  readonly key: string;
  readonly title: string;
  /** The SDK's variable for the address. */
  readonly sdkVariable?: string;
  /** @default 'http' */
  readonly scheme?: string;
  /** Path of the address. @default none */
  readonly path?: string;
}

/** Name of a service. */
export type ServiceKey = (typeof SERVICES)[number]['key'];

/** Ports of services. Services that are left out take free ports. */
export type Ports = Partial<Readonly<Record<ServiceKey, number>>>;

/** Addresses of the services that run: those with resources in the template, STS and EventBridge. */
export type Addresses = Partial<Readonly<Record<ServiceKey, string>>>;

/** Consecutive ports, one for each service. With 0, all take free ports. */
export function portsFrom(first: number): Ports {
  if (first === 0) return {};
  return Object.fromEntries(SERVICES.map(({ key }, index) => [key, first + index]));
}

/** Why a start failed. */
export type StartErrorCode = 'port-unavailable' | 'no-such-host' | 'data-in-use' | 'data-unusable';

/** The services cannot start on this machine. The message says why, in one line. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly code: StartErrorCode;

  constructor(code: StartErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Where a server listens. */
export interface Listening {
  /** The name of the server in messages. */
  readonly title: string;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
}

/** Rejects with a `StartError` when the port cannot be used. */
export async function checkPort(listening: Listening): Promise<void> {
  const probe = createProbe();
  await listenOn(probe, listening);
  await new Promise<void>((resolve) => probe.close(() => resolve()));
}

/** Rejects with a `StartError` when a port cannot be used. Called before anything that takes time. */
export async function checkPorts(ports: Ports, host: string): Promise<void> {
  for (const { key, title } of SERVICES) {
    const port = ports[key] ?? 0;
    if (port !== 0) await checkPort({ title, host, port });
  }
}

/** Starts the server of a service. Resolves to its address. */
export async function startService(
  server: NetServer,
  key: ServiceKey,
  ports: Ports,
  host: string,
): Promise<string> {
  const service: ServiceRow | undefined = SERVICES.find((candidate) => candidate.key === key);
  await listenOn(server, { title: service?.title ?? key, host, port: ports[key] ?? 0 });
  return `${addressOf(server, host, service?.scheme)}${service?.path ?? ''}`;
}

/** Starts a server. Rejects with a `StartError` when the port cannot be used. */
export function listenOn(server: NetServer, { title, host, port }: Listening): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(listenError(error, title, host, port));
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** The address of a listening server. */
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

/** For a server that listens on all addresses: the first one that other machines can reach. */
function reachableHost(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

function listenError(error: NodeJS.ErrnoException, title: string, host: string, port: number): Error {
  const cause = { cause: error };
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(
        'port-unavailable',
        `Port ${port} (${title}) is in use by another program`,
        cause,
      );
    case 'EACCES':
      return new StartError('port-unavailable', `Port ${port} (${title}) is not allowed`, cause);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError('no-such-host', `This machine has no address ${host}`, cause);
    default:
      return error;
  }
}
