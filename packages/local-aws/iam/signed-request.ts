import type { IncomingMessage } from 'node:http';
import type { ErrorProtocol } from '../http/aws-error.ts';
import type { RequestTarget } from '../http/request.ts';
import { type Refusal, refuse } from './refusals.ts';

/** What a request says about its signature. Nothing of it is verified yet. */
export interface SignatureClaims {
  readonly accessKeyId: string;
  /** `YYYYMMDD/region/service/aws4_request` */
  readonly scope: string;
  readonly scopeDate: string;
  readonly region: string;
  readonly service: string;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly timestamp: string;
  readonly signedAt: Date;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** Lifetime of a presigned URL; `undefined` when the signature is in a header. */
  readonly expiresInSeconds: number | undefined;
}

/** A request of Node's HTTP server, before its body. */
export interface RequestHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headersDistinct: IncomingMessage['headersDistinct'];
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** A week, AWS's limit for presigned URLs. */
const MAX_EXPIRES_IN_SECONDS = 604_800;

/**
 * Reads the signature from the `Authorization` header or the query. Throws when there is none, or when it is
 * malformed.
 */
export function signatureClaims(
  message: RequestHead,
  target: RequestTarget,
  protocol: ErrorProtocol,
): SignatureClaims {
  const authorization = headerValue(message, 'authorization');
  const presigned = target.query.some(([name]) => name === 'X-Amz-Algorithm' || name === 'X-Amz-Signature');
  if (authorization !== undefined && presigned) {
    throw refuse(
      protocol,
      'two-mechanisms',
      'Only one auth mechanism allowed; use the Authorization header or the query.',
    );
  }
  if (presigned) return claimsOfQuery(target, protocol);
  if (authorization !== undefined) return claimsOfHeader(message, authorization, protocol);
  throw refuse(
    protocol,
    'no-credentials',
    protocol === 's3' ? 'Access Denied' : 'Missing Authentication Token',
  );
}

/** The value of a header, as it is signed; `undefined` when the request does not have it. */
export function headerValue({ headersDistinct }: RequestHead, name: string): string | undefined {
  const values = Object.hasOwn(headersDistinct, name) ? headersDistinct[name] : undefined;
  // Node decodes header bytes as Latin-1; clients send and sign UTF-8.
  return values && Buffer.from(values.join(','), 'latin1').toString('utf8');
}

function claimsOfHeader(
  message: RequestHead,
  authorization: string,
  protocol: ErrorProtocol,
): SignatureClaims {
  const malformed = malformedAs(protocol, 'malformed-header');
  const [, algorithm, fieldText = ''] = /^(\S+)\s+(.*)$/s.exec(authorization) ?? [];
  if (algorithm !== ALGORITHM) throw malformed(`Only ${ALGORITHM} signatures are supported.`);
  const fields = new Map(
    fieldText.split(',').map((field) => {
      const [, name = '', value = ''] = /^\s*([^=]*)=(.*?)\s*$/s.exec(field) ?? [];
      return [name, value];
    }),
  );
  const timestamp = headerValue(message, 'x-amz-date') ?? basicFormat(headerValue(message, 'date'));
  return {
    ...credentialClaims(fields.get('Credential'), malformed),
    ...timeClaims(timestamp, malformed),
    signedHeaders: headerList(fields.get('SignedHeaders'), malformed),
    signature: required(fields.get('Signature'), 'Signature', malformed),
    sessionToken: headerValue(message, 'x-amz-security-token'),
    expiresInSeconds: undefined,
  };
}

function claimsOfQuery({ query }: RequestTarget, protocol: ErrorProtocol): SignatureClaims {
  const malformed = malformedAs(protocol, 'malformed-query');
  const parameter = (name: string): string | undefined => {
    const values = query.filter(([candidate]) => candidate === name).map(([, value]) => value);
    if (values.length > 1) throw malformed(`${name} is given more than once.`);
    return values[0];
  };
  if (parameter('X-Amz-Algorithm') !== ALGORITHM)
    throw malformed(`X-Amz-Algorithm only supports "${ALGORITHM}".`);
  const expires = required(parameter('X-Amz-Expires'), 'X-Amz-Expires', malformed);
  const expiresInSeconds = /^\d{1,7}$/.test(expires) ? Number(expires) : Number.NaN;
  if (!(expiresInSeconds >= 1 && expiresInSeconds <= MAX_EXPIRES_IN_SECONDS)) {
    throw malformed(`X-Amz-Expires must be between 1 and ${MAX_EXPIRES_IN_SECONDS} seconds.`);
  }
  return {
    ...credentialClaims(parameter('X-Amz-Credential'), malformed),
    ...timeClaims(parameter('X-Amz-Date'), malformed),
    signedHeaders: headerList(parameter('X-Amz-SignedHeaders'), malformed),
    signature: required(parameter('X-Amz-Signature'), 'X-Amz-Signature', malformed),
    sessionToken: parameter('X-Amz-Security-Token'),
    expiresInSeconds,
  };
}

type Malformed = (message: string) => Error;

function malformedAs(protocol: ErrorProtocol, refusal: Refusal): Malformed {
  return (message) => refuse(protocol, refusal, message);
}

function required(value: string | undefined, name: string, malformed: Malformed): string {
  if (!value) throw malformed(`The authorization has no ${name}.`);
  return value;
}

function credentialClaims(
  credential: string | undefined,
  malformed: Malformed,
): Pick<SignatureClaims, 'accessKeyId' | 'scope' | 'scopeDate' | 'region' | 'service'> {
  const match = /^([^/]+)\/((\d{8})\/([^/]+)\/([^/]+)\/aws4_request)$/.exec(credential ?? '');
  const [, accessKeyId, scope, scopeDate, region, service] = match ?? [];
  if (!accessKeyId || !scope || !scopeDate || !region || !service) {
    throw malformed('The credential is malformed; expecting "<key>/YYYYMMDD/REGION/SERVICE/aws4_request".');
  }
  return { accessKeyId, scope, scopeDate, region, service };
}

function timeClaims(
  timestamp: string | undefined,
  malformed: Malformed,
): Pick<SignatureClaims, 'timestamp' | 'signedAt'> {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp ?? '') ?? [];
  const signedAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (timestamp === undefined || Number.isNaN(signedAt.getTime())) {
    throw malformed('The date of the signature must be in the format "yyyyMMddTHHmmssZ".');
  }
  return { timestamp, signedAt };
}

function headerList(text: string | undefined, malformed: Malformed): string[] {
  const names = required(text, 'SignedHeaders', malformed).split(';');
  if (names.some((name) => name === '' || name !== name.toLowerCase())) {
    throw malformed('SignedHeaders must be lower-case names, separated by ";".');
  }
  return names;
}

function basicFormat(httpDate: string | undefined): string | undefined {
  const time = Date.parse(httpDate ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}
