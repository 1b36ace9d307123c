import { requestTime } from './event.ts';

/** The variables of the access log. */
export interface AccessLogContext {
  readonly accountId: string;
  readonly apiId: string;
  readonly stage: string;
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly receivedAt: Date;
  readonly method: string;
  readonly path: string;
  readonly protocol: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly domainName: string;
  readonly routeKey?: string | undefined;
  readonly status: number;
  readonly responseLength: number;
  readonly responseLatencyInMilliseconds: number;
  readonly integrationLatencyInMilliseconds?: number | undefined;
  readonly integrationStatus?: number | undefined;
  readonly integrationError?: string | undefined;
  readonly authorizerError?: string | undefined;
  readonly errorMessage?: string | undefined;
  readonly claims?: Readonly<Record<string, string>> | undefined;
}

type Variable = (context: AccessLogContext) => string | number | undefined;

const VARIABLES: Readonly<Record<string, Variable>> = {
  accountId: (context) => context.accountId,
  apiId: (context) => context.apiId,
  stage: (context) => context.stage,
  requestId: (context) => context.requestId,
  extendedRequestId: (context) => context.extendedRequestId,
  requestTime: (context) => requestTime(context.receivedAt),
  requestTimeEpoch: (context) => Math.floor(context.receivedAt.getTime() / 1000),
  httpMethod: (context) => context.method,
  path: (context) => context.path,
  protocol: (context) => context.protocol,
  routeKey: (context) => context.routeKey,
  domainName: (context) => context.domainName,
  domainPrefix: (context) => context.domainName.split('.')[0],
  'identity.sourceIp': (context) => context.sourceIp,
  'identity.userAgent': (context) => context.userAgent,
  status: (context) => context.status,
  responseLength: (context) => context.responseLength,
  responseLatency: (context) => context.responseLatencyInMilliseconds,
  integrationLatency: (context) => context.integrationLatencyInMilliseconds,
  integrationStatus: (context) => context.integrationStatus,
  'integration.status': (context) => context.integrationStatus,
  'integration.integrationStatus': (context) => context.integrationStatus,
  'integration.latency': (context) => context.integrationLatencyInMilliseconds,
  'integration.error': (context) => context.integrationError,
  integrationErrorMessage: (context) => context.integrationError,
  'error.message': (context) => context.errorMessage,
  'error.messageString': (context) => context.errorMessage && JSON.stringify(context.errorMessage),
  'authorizer.error': (context) => context.authorizerError,
};

/** One line of the access log. A variable without a value is written as `-`. */
export function accessLogLine(format: string, context: AccessLogContext): string {
  return format.replaceAll(/\$context\.([\w.:-]*\w)/g, (_whole, name: string) => {
    const claim = /^authorizer\.claims\.(.+)$/.exec(name)?.[1];
    const value = claim === undefined ? VARIABLES[name]?.(context) : context.claims?.[claim];
    return escaped(value === undefined || value === '' ? '-' : String(value), format);
  });
}

/** Keeps a JSON format valid JSON, whatever a client sends as its user agent. */
function escaped(value: string, format: string): string {
  return format.trimStart().startsWith('{')
    ? JSON.stringify(value).slice(1, -1)
    : value.replaceAll(/[\r\n]/g, ' ');
}
