import { requestTarget } from '../http/request.ts';
import { canonicalRequestHash } from './canonical-request.ts';
import type { Identity } from './identities.ts';
import { signatureOf } from './sigv4.ts';

/** A request of one service to another. */
export interface UnsignedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly host: string;
  /** @default none besides those of the signature */
  readonly headers?: Readonly<Record<string, string>>;
}

const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

/**
 * The headers that sign a request of one service to another, without the SDK. The body is not part of the
 * signature. Headers named `x-amz-…` must be among those of the request.
 */
export function signRequest(
  { method, target, host, headers = {} }: UnsignedRequest,
  options: {
    readonly identity: Identity;
    readonly service: string;
    readonly region: string;
    readonly clock: () => Date;
  },
): [name: string, value: string][] {
  const { identity, service, region, clock } = options;
  const timestamp = clock()
    .toISOString()
    .replace(/[-:]|\.\d+/g, '');
  const scopeDate = timestamp.slice(0, 8);
  const scope = `${scopeDate}/${region}/${service}/aws4_request`;
  const added: [string, string][] = [
    ['x-amz-content-sha256', UNSIGNED_PAYLOAD],
    ['x-amz-date', timestamp],
    ...(identity.sessionToken === undefined
      ? []
      : ([['x-amz-security-token', identity.sessionToken]] as [string, string][])),
  ];
  const signed = Object.entries({ ...headers, ...Object.fromEntries(added), host });
  const signedHeaders = signed.map(([name]) => name).sort();
  const hash = canonicalRequestHash(
    {
      method,
      headersDistinct: Object.fromEntries(signed.map(([name, value]) => [name, [value]])),
    },
    requestTarget({ url: target }),
    { service, signedHeaders },
    UNSIGNED_PAYLOAD,
  );
  const signature = signatureOf(identity, { timestamp, scope, scopeDate, region, service }, hash);
  return [
    ...added,
    [
      'authorization',
      `AWS4-HMAC-SHA256 Credential=${identity.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
    ],
  ];
}
