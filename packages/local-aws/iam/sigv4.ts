import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { AwsError, type ErrorProtocol, notImplemented } from '../http/aws-error.ts';
import { type RequestTarget, requestTarget } from '../http/request.ts';
import { canonicalRequestHash } from './canonical-request.ts';
import { ChunkSignatures } from './chunk-signatures.ts';
import type { Identities, Identity } from './identities.ts';
import { protocolOf, refuse } from './refusals.ts';
import { headerValue, type RequestHead, type SignatureClaims, signatureClaims } from './signed-request.ts';

/** What the signature says about the body. */
export type SignedPayload =
  /** The body was hashed, and its hash is the signed one. */
  | { readonly kind: 'verified' }
  /** S3: the caller must check that the body has this SHA-256, in lower-case hex. */
  | { readonly kind: 'sha256'; readonly sha256: string }
  /** S3: the body is not signed. */
  | { readonly kind: 'unsigned' }
  /** S3: the body is `aws-chunked`; with `chunks`, each chunk is signed and must be verified. */
  | { readonly kind: 'streaming'; readonly trailer: boolean; readonly chunks?: ChunkSignatures };

/** A request with a valid signature. */
export interface Authenticated {
  readonly identity: Identity;
  readonly payload: SignedPayload;
  readonly presigned: boolean;
}

/** What requests to a service must be signed for. */
export interface AuthenticateOptions {
  /** As in the credential scope, such as `s3` or `cognito-idp`. */
  readonly service: string;
  readonly region: string;
  readonly identities: Identities;
  readonly clock?: (() => Date) | undefined;
  /**
   * The whole body. S3 leaves it out, and checks `payload` of the result while it stores the body. @default
   * empty
   */
  readonly body?: Uint8Array;
}

const MAX_SKEW_IN_MILLISECONDS = 15 * 60 * 1000;

const STREAMING_UNSIGNED = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
const STREAMING_SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';

/**
 * Verifies the signature of a request (Signature Version 4, in the header or presigned) by signing it again.
 * Throws the error of the service when the signer is unknown, or the credential or the signature has expired.
 */
export async function authenticate(
  request: RequestHead,
  options: AuthenticateOptions,
): Promise<Authenticated> {
  const { service, region, identities, clock = () => new Date() } = options;
  const protocol = protocolOf(service);
  const target = requestTarget(request);
  const claims = signatureClaims(request, target, protocol);
  checkScope(claims, { service, region, protocol });
  checkSignedHeaders(request, claims, protocol);
  checkTime(claims, clock(), protocol);
  const identity = findIdentity(claims, identities, clock(), protocol);

  const payloadHash =
    service === 's3'
      ? s3PayloadHash(request, target, claims)
      : hash('sha256', options.body ?? new Uint8Array());
  const requestHash = canonicalRequestHash(request, target, claims, payloadHash);
  const sign = (stringToSign: string) => signed(stringToSign, signingKey(identity, claims));
  const expected = signatureOf(identity, claims, requestHash);
  if (!sameSecret(expected, claims.signature)) {
    throw refuse(
      protocol,
      'wrong-signature',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
  return {
    identity,
    payload: service === 's3' ? s3Payload(payloadHash, claims, sign) : { kind: 'verified' },
    presigned: claims.expiresInSeconds !== undefined,
  };
}

/** The signature of a request by its digest. */
export function signatureOf(
  identity: Identity,
  claims: Pick<SignatureClaims, 'timestamp' | 'scope' | 'scopeDate' | 'region' | 'service'>,
  requestHash: string,
): string {
  const stringToSign = `AWS4-HMAC-SHA256\n${claims.timestamp}\n${claims.scope}\n${requestHash}`;
  return signed(stringToSign, signingKey(identity, claims));
}

/** Signing keys. Each is for one day, region and service. */
const signingKeys = new WeakMap<Identity, Map<string, Buffer>>();

/** An identity signs for a few services, and for a new day after midnight. */
const MAX_SIGNING_KEYS = 32;

function signingKey(
  identity: Identity,
  { scope, scopeDate, region, service }: Pick<SignatureClaims, 'scope' | 'scopeDate' | 'region' | 'service'>,
): Buffer {
  const keys = signingKeys.get(identity) ?? new Map<string, Buffer>();
  signingKeys.set(identity, keys);
  const known = keys.get(scope);
  if (known) return known;
  let key: Buffer = Buffer.from(`AWS4${identity.secretAccessKey}`);
  for (const part of [scopeDate, region, service, 'aws4_request'])
    key = createHmac('sha256', key).update(part).digest();
  if (keys.size >= MAX_SIGNING_KEYS) keys.clear();
  keys.set(scope, key);
  return key;
}

function signed(stringToSign: string, key: Buffer): string {
  return createHmac('sha256', key).update(stringToSign).digest('hex');
}

function checkScope(
  { scopeDate, timestamp, ...scope }: SignatureClaims,
  { service, region, protocol }: { service: string; region: string; protocol: ErrorProtocol },
): void {
  if (scope.region !== region) {
    throw refuse(protocol, 'wrong-scope', `The region '${scope.region}' is wrong; expecting '${region}'`, {
      Region: region,
    });
  }
  if (scope.service !== service) {
    throw refuse(protocol, 'wrong-scope', `The service '${scope.service}' is wrong; expecting '${service}'`);
  }
  if (!timestamp.startsWith(scopeDate)) {
    throw refuse(
      protocol,
      'wrong-scope',
      'The date of the credential scope is not the date of the signature',
    );
  }
}

/** `host` and every `x-amz-` header must be signed, since unsigned ones could be changed or added. */
function checkSignedHeaders(
  request: RequestHead,
  { signedHeaders }: SignatureClaims,
  protocol: ErrorProtocol,
): void {
  const mustBeSigned = [
    'host',
    ...Object.keys(request.headersDistinct).filter((name) => name.startsWith('x-amz-')),
  ];
  const unsigned = mustBeSigned.filter((name) => !signedHeaders.includes(name));
  if (unsigned.length > 0) {
    throw refuse(
      protocol,
      'unsigned-header',
      'There were headers present in the request which were not signed',
      {
        HeadersNotSigned: unsigned.join(', '),
      },
    );
  }
}

function checkTime(
  { signedAt, expiresInSeconds }: SignatureClaims,
  now: Date,
  protocol: ErrorProtocol,
): void {
  const age = now.getTime() - signedAt.getTime();
  if (expiresInSeconds === undefined) {
    if (Math.abs(age) <= MAX_SKEW_IN_MILLISECONDS) return;
    const message = 'The difference between the request time and the current time is too large.';
    throw refuse(protocol, 'clock-skew', message, {
      RequestTime: signedAt.toISOString(),
      ServerTime: now.toISOString(),
      MaxAllowedSkewMilliseconds: String(MAX_SKEW_IN_MILLISECONDS),
    });
  }
  if (age < -MAX_SKEW_IN_MILLISECONDS) throw refuse(protocol, 'link-expired', 'Request is not yet valid');
  if (age > expiresInSeconds * 1000) {
    throw refuse(protocol, 'link-expired', 'Request has expired', {
      'X-Amz-Expires': String(expiresInSeconds),
      ServerTime: now.toISOString(),
    });
  }
}

function findIdentity(
  { accessKeyId, sessionToken }: SignatureClaims,
  identities: Identities,
  now: Date,
  protocol: ErrorProtocol,
): Identity {
  const identity = identities.find(accessKeyId);
  if (!identity) {
    const message =
      protocol === 's3'
        ? 'The AWS Access Key Id you provided does not exist in our records.'
        : 'The security token included in the request is invalid.';
    throw refuse(protocol, 'unknown-key', message, { AWSAccessKeyId: accessKeyId });
  }
  if (!sameSecret(identity.sessionToken ?? '', sessionToken ?? '')) {
    // AWS refuses a temporary key without its token as unknown.
    const refusal = sessionToken === undefined ? 'unknown-key' : 'wrong-token';
    throw refuse(protocol, refusal, 'The security token included in the request is invalid.');
  }
  if (identity.expiresAt && identity.expiresAt <= now) {
    throw refuse(protocol, 'credentials-expired', 'The security token included in the request is expired');
  }
  return identity;
}

function s3PayloadHash(request: RequestHead, { query }: RequestTarget, claims: SignatureClaims): string {
  const inHeader = headerValue(request, 'x-amz-content-sha256');
  if (inHeader !== undefined) return inHeader;
  if (claims.expiresInSeconds !== undefined) {
    return query.find(([name]) => name.toLowerCase() === 'x-amz-content-sha256')?.[1] ?? 'UNSIGNED-PAYLOAD';
  }
  throw new AwsError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
}

function s3Payload(
  payloadHash: string,
  claims: SignatureClaims,
  sign: (stringToSign: string) => string,
): SignedPayload {
  switch (payloadHash) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'unsigned' };
    case STREAMING_UNSIGNED:
      return { kind: 'streaming', trailer: true };
    case STREAMING_SIGNED:
      return { kind: 'streaming', trailer: false, chunks: new ChunkSignatures(claims, sign) };
    case `${STREAMING_SIGNED}-TRAILER`:
      return { kind: 'streaming', trailer: true, chunks: new ChunkSignatures(claims, sign) };
  }
  if (/^[0-9a-f]{64}$/.test(payloadHash)) return { kind: 'sha256', sha256: payloadHash };
  if (payloadHash.startsWith('STREAMING-')) throw notImplemented(`payloads of the kind ${payloadHash}`);
  throw new AwsError(
    'InvalidArgument',
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.',
  );
}

/** Compares in constant time. The lengths are not secret. */
function sameSecret(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}
