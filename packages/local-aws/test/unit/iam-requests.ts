/** Signed requests for the tests of `iam/sigv4.ts`, made with the library that the AWS SDK signs with. */

import { createHash } from 'node:crypto';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { Identities, type Identity } from '../../iam/identities.ts';
import type { RequestHead } from '../../iam/signed-request.ts';
import { authenticate } from '../../iam/sigv4.ts';

export const REGION = 'eu-central-1';
export const NOW = new Date('2026-03-01T12:00:00Z');
export const ROLE_ARN = 'arn:aws:iam::123456789012:role/upload';
export const WEEK_IN_SECONDS = 604_800;

/** SHA-256 in hex. */
export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
/** A moment after `NOW`. */
export const secondsLater = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

/** The account that the requests are signed in. */
export const identities = new Identities({
  root: { accessKeyId: 'AKIAROOT', secretAccessKey: 'root-secret' },
  clock: () => NOW,
});
identities.addRole({
  arn: ROLE_ARN,
  name: 'upload',
  trustPolicy: { Statement: { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' } },
  policies: [],
  maxSessionDurationInSeconds: 3600,
});
/** A session with a token, an hour long. */
export const minted = identities.mintForRole(ROLE_ARN, { sessionName: 'pilot', durationInSeconds: 3600 });
/** A long-term key. */
export const root = identities.find('AKIAROOT') as Identity;

/** A request as a client makes it, before it is signed. */
interface Draft {
  method?: string;
  path?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
}

interface SignOptions {
  identity?: Identity;
  service?: string;
  region?: string;
  at?: Date;
  body?: string;
  unsigned?: string[];
  /** Headers that the SDK leaves out and other clients sign. */
  alsoSigned?: string[];
  expiresInSeconds?: number;
}

/** A signed request, as node hands it to a service. */
export type Head = RequestHead & { url: string; headersDistinct: Record<string, string[]> };

const signerFor = ({ identity = root, service = 's3', region = REGION }: SignOptions) => {
  const { accessKeyId, secretAccessKey, sessionToken } = identity;
  const credentials = {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
  return new SignatureV4({ service, region, credentials, sha256: Sha256, uriEscapePath: service !== 's3' });
};

const requestOf = (
  { method = 'PUT', path = '/media/a/b.jpg', query = {}, headers = {} }: Draft,
  body = '',
) => ({
  method,
  protocol: 'http:',
  hostname: 'localhost',
  path,
  query,
  headers: { host: 'localhost:9701', ...headers },
  body,
});

const headOf = (signed: {
  method: string;
  path: string;
  query?: object;
  headers: Record<string, string>;
}): Head => {
  const query = Object.entries(signed.query ?? {}).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  return {
    method: signed.method,
    url: query.length > 0 ? `${signed.path}?${query.join('&')}` : signed.path,
    headersDistinct: Object.fromEntries(
      Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), [value]]),
    ),
  };
};

/** A request signed in its header. */
export const signed = async (draft: Draft = {}, options: SignOptions = {}): Promise<Head> => {
  const { at = NOW, body = '', unsigned = [], alsoSigned = [] } = options;
  return headOf(
    await signerFor(options).sign(requestOf(draft, body), {
      signingDate: at,
      unsignableHeaders: new Set(unsigned),
      signableHeaders: new Set(alsoSigned),
    }),
  );
};

/** A request signed in its query. */
export const presigned = async (draft: Draft = {}, options: SignOptions = {}): Promise<Head> => {
  const { at = NOW, expiresInSeconds = 60 } = options;
  const request = requestOf({
    ...draft,
    headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...draft.headers },
  });
  return headOf(await signerFor(options).presign(request, { signingDate: at, expiresIn: expiresInSeconds }));
};

/** What S3 makes of a request. */
export const s3 = (head: RequestHead, now = NOW) =>
  authenticate(head, { service: 's3', region: REGION, identities, clock: () => now });

/** What a service of the JSON protocol makes of a request. */
export const json = (head: RequestHead, body = '', now = NOW) =>
  authenticate(head, {
    service: 'dynamodb',
    region: REGION,
    identities,
    clock: () => now,
    body: Buffer.from(body),
  });

/** What STS makes of a request. */
export const sts = (head: RequestHead, body = '', now = NOW) =>
  authenticate(head, {
    service: 'sts',
    region: REGION,
    identities,
    clock: () => now,
    body: Buffer.from(body),
  });

/** The same request with a header replaced, added or (`undefined`) removed after it was signed. */
export const withHeader = (head: Head, name: string, value: string | undefined): Head => {
  const { [name]: _removed, ...rest } = head.headersDistinct;
  return { ...head, headersDistinct: value === undefined ? rest : { ...rest, [name]: [value] } };
};
