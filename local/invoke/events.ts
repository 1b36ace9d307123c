import { randomUUID } from 'node:crypto';
import { WORKSPACES_CLAIM } from '../../functions/environment.ts';
import type { FunctionRow, RowOf } from '../../functions/manifest.ts';
import { UsageError } from './usage-error.ts';

/** The parts of the event that the command line sets; the rest has defaults. */
export interface EventInput {
  readonly workspaceId?: string | undefined;
  /** The user of the token; `claims` takes precedence. */
  readonly user: string;
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Route key such as `GET /…/sts`. @default the first of the function */
  readonly route?: string | undefined;
  /** Body of a request, or `data` of a message. */
  readonly body?: string | undefined;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly gatewaySn?: string | undefined;
  readonly password?: string | undefined;
  readonly objectKey?: string | undefined;
}

/** Where the event happens. */
export interface EventOrigin {
  readonly region: string;
  readonly accountId: string;
  readonly bucket: string;
  /** The environment of the function. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Whether the event of a function needs a workspace. */
export const needsWorkspace = ({ trigger }: FunctionRow): boolean =>
  trigger.kind === 'http' && trigger.contract.access === 'workspace';

/** Whether the event of a function needs a gateway. */
export const needsGateway = ({ trigger }: FunctionRow): boolean => trigger.kind.startsWith('mqtt');

function required(value: string | undefined, { name }: FunctionRow, option: string): string {
  if (value === undefined) throw new UsageError(`${name} needs ${option}`);
  return value;
}

/** The event that AWS would call the function with. */
export function eventOf(row: FunctionRow, input: EventInput, origin: EventOrigin): object {
  const { trigger } = row;
  switch (trigger.kind) {
    case 'http':
      return httpEvent(row as RowOf<'http'>, input, origin);
    case 'mqtt':
      return ruleEvent(row, input, trigger.contract.method);
    case 'mqtt-unnamed':
      return ruleEvent(row, input, undefined);
    case 'mqtt-sign-in':
      return signInEvent(row, input);
    case 'queue':
      return queueEvent(row, input, trigger.queue, origin);
  }
}

function routeOf({ name, trigger }: RowOf<'http'>, asked: string | undefined): string {
  const { routes } = trigger.contract;
  const [first = '$default'] = routes;
  if (asked === undefined) return first === '$default' ? 'GET /' : first;
  if (first === '$default' || routes.includes(asked)) return asked;
  throw new UsageError(
    `${name} has no route "${asked}". It has:\n${routes.map((route) => `  ${route}\n`).join('')}`,
  );
}

function httpEvent(row: RowOf<'http'>, input: EventInput, { environment }: EventOrigin): object {
  const route = routeOf(row, input.route);
  const [method = '', template = ''] = route.split(' ');
  const given: Readonly<Record<string, string | undefined>> = {
    workspace_id: input.workspaceId,
    ...input.pathParameters,
  };
  const names = Array.from(template.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  const unknown = Object.keys(input.pathParameters).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`--path ${unknown}: the route is ${route}`);
  const pathParameters = Object.fromEntries(
    names.map((name) => [name, required(given[name], row, `--path ${name}=VALUE`)]),
  );
  const rawPath = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(pathParameters[name] ?? ''),
  );
  const query = new URLSearchParams(input.query.map(([name, value]): [string, string] => [name, value]));
  const claims = input.claims ?? {
    sub: '00000000-0000-4000-8000-000000000001',
    username: input.user,
    [environment[WORKSPACES_CLAIM] ?? 'cognito:groups']: `[${input.workspaceId ?? ''}]`,
  };
  const { routes, access } = row.trigger.contract;
  return {
    version: '2.0',
    routeKey: routes.includes(route) ? route : '$default',
    rawPath,
    rawQueryString: query.toString(),
    headers: { 'content-type': 'application/json', host: 'api.example.com', ...input.headers },
    ...(query.size > 0 && { queryStringParameters: commaSeparated(query) }),
    ...(names.length > 0 && { pathParameters }),
    isBase64Encoded: false,
    ...(input.body !== undefined && { body: input.body }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: 'api.example.com',
      domainPrefix: 'api',
      http: {
        method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'npm run invoke',
      },
      requestId: randomUUID(),
      routeKey: route,
      stage: '$default',
      time: new Date().toUTCString(),
      timeEpoch: Date.now(),
      ...(access !== 'open' && { authorizer: { jwt: { claims, scopes: null } } }),
    },
  };
}

/** As in API Gateway, values of the same name are joined by commas. */
const commaSeparated = (query: URLSearchParams): Record<string, string> =>
  Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]));

/** The event of a topic rule. */
function ruleEvent(row: FunctionRow, { gatewaySn, body }: EventInput, method: string | undefined): object {
  const sn = required(gatewaySn, row, '--gateway-sn SERIAL');
  const message = {
    tid: randomUUID(),
    bid: randomUUID(),
    timestamp: Date.now(),
    gateway: sn,
    ...(method !== undefined && { method }),
    need_reply: 1,
    data: parseJson(body ?? '{}', '--body'),
  };
  return { gateway_sn: sn, payload: Buffer.from(JSON.stringify(message)).toString('base64') };
}

/** The event of the custom authorizer. */
function signInEvent(row: FunctionRow, { gatewaySn, password }: EventInput): object {
  const sn = required(gatewaySn, row, '--gateway-sn SERIAL');
  const given = required(password, row, '--password PASSWORD');
  return {
    signatureVerified: false,
    protocols: ['mqtt'],
    protocolData: { mqtt: { username: sn, password: Buffer.from(given).toString('base64'), clientId: sn } },
    connectionMetadata: { id: randomUUID() },
  };
}

/** A message of one of the library's queues: `--body`, or a notification about `--object`. */
function queueEvent(
  row: FunctionRow,
  { body, objectKey }: EventInput,
  queue: string,
  { accountId, region, bucket }: EventOrigin,
): object {
  const message = body ?? objectRemoved(required(objectKey, row, '--object KEY, or --body MESSAGE'), bucket);
  return {
    Records: [
      {
        messageId: randomUUID(),
        receiptHandle: randomUUID(),
        body: message,
        attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) },
        messageAttributes: {},
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:${region}:${accountId}:${queue}`,
        awsRegion: region,
      },
    ],
  };
}

/** S3's notification of a removal. Keys are encoded as in HTML forms. */
const objectRemoved = (key: string, bucket: string): string =>
  JSON.stringify({
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        eventName: 'ObjectRemoved:Delete',
        eventTime: new Date().toISOString(),
        s3: {
          bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
          object: { key: encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/') },
        },
      },
    ],
  });

/** Reads JSON from the command line. Throws `UsageError` with the option's name. */
export function parseJson(text: string, option: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${option} is not JSON: ${(cause as Error).message}`);
  }
}
