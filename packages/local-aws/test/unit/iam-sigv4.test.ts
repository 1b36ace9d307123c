import { describe, expect, it } from 'vitest';
import {
  type Head,
  identities,
  json,
  minted,
  presigned,
  REGION,
  ROLE_ARN,
  root,
  s3,
  secondsLater,
  sha256,
  signed,
  sts,
  WEEK_IN_SECONDS,
  withHeader,
} from './iam-requests.ts';

describe('a signature in the header', () => {
  it('has the signer', async () => {
    expect((await s3(await signed())).identity).toEqual(root);
    expect((await s3(await signed({}, { identity: minted }))).identity).toEqual(minted);
  });

  it.each([
    '/media/a b.jpg',
    '/media/ü/😀',
    '/media/a//b/../c/./d',
    "/media/!'()*~-._$&+,;=:@",
    '/media/%',
    '/media/a/b%2Fc',
  ])("includes the key %s, in the SDK's encoding", async (key) => {
    const path = encodeURIComponent(key)
      .replaceAll('%2F', '/')
      .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
    expect((await s3(await signed({ path }))).identity).toEqual(root);
  });

  it('includes the key in any encoding', async () => {
    const head = await signed({ path: '/media/a%3Ab%40c' });
    expect((await s3({ ...head, url: '/media/a:b@c' })).identity).toEqual(root);
  });

  it.each([
    ['the method', (head: Head): Head => ({ ...head, method: 'DELETE' })],
    ['the path', (head: Head): Head => ({ ...head, url: head.url.replace('/a/', '/b/') })],
    ['the dots in a path', (head: Head): Head => ({ ...head, url: head.url.replace('/a/', '/a/c/../') })],
    [
      'a value of the query',
      (head: Head): Head => ({ ...head, url: head.url.replace('partNumber=1', 'partNumber=2') }),
    ],
    ['an added parameter', (head: Head): Head => ({ ...head, url: `${head.url}&acl=` })],
    ['a repeated parameter', (head: Head): Head => ({ ...head, url: `${head.url}&partNumber=2` })],
    ['a removed parameter', (head: Head): Head => ({ ...head, url: head.url.replace('partNumber=1&', '') })],
    ['a signed header', (head: Head): Head => withHeader(head, 'x-amz-meta-drone', 'M30')],
    ['a removed header', (head: Head): Head => withHeader(head, 'x-amz-meta-drone', undefined)],
    ['the host', (head: Head): Head => withHeader(head, 'host', 'other.localhost:9701')],
    ['the promised body', (head: Head): Head => withHeader(head, 'x-amz-content-sha256', sha256('other'))],
    ['the time', (head: Head): Head => withHeader(head, 'x-amz-date', '20260301T120001Z')],
    [
      'the signature',
      (head: Head): Head =>
        withHeader(
          head,
          'authorization',
          (head.headersDistinct['authorization']?.[0] ?? '').replace(/.$/, 'x'),
        ),
    ],
  ])('is invalid when %s is changed', async (_what, tamper) => {
    const head = await signed({
      query: { partNumber: '1', uploadId: 'u' },
      headers: { 'x-amz-meta-drone': 'M3E' },
    });
    expect((await s3(head)).identity).toEqual(root);
    await expect(s3(tamper(head))).rejects.toMatchObject({ code: 'SignatureDoesNotMatch', statusCode: 403 });
  });

  it('is invalid with another secret', async () => {
    const head = await signed({}, { identity: { ...root, secretAccessKey: 'guess' } });
    await expect(s3(head)).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  it('refuses added x-amz- headers, and an unsigned host', async () => {
    const added = withHeader(await signed(), 'x-amz-copy-source', '/media/secret');
    await expect(s3(added)).rejects.toMatchObject({
      code: 'AccessDenied',
      details: { HeadersNotSigned: 'x-amz-copy-source' },
    });
    const hostless = await signed({}, { unsigned: ['host'] });
    await expect(s3(hostless)).rejects.toMatchObject({ details: { HeadersNotSigned: 'host' } });
  });

  it('treats header values as UTF-8, with single spaces', async () => {
    const head = await signed({ headers: { 'x-amz-meta-place': 'Köln  am Rhein' } });
    const asNodeReadsIt = Buffer.from('Köln  am Rhein').toString('latin1');
    expect((await s3(withHeader(head, 'x-amz-meta-place', asNodeReadsIt))).identity).toEqual(root);
  });

  it('may include headers that the SDK does not sign', async () => {
    const draft = { headers: { 'cache-control': 'no-cache' } };
    const head = await signed(draft, { alsoSigned: ['cache-control'] });
    expect((await s3(head)).identity).toEqual(root);
    await expect(s3(withHeader(head, 'cache-control', 'private'))).rejects.toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
  });

  it.each([-900, 0, 900])('is accepted when the clocks differ by %s seconds', async (seconds) => {
    expect((await s3(await signed({}, { at: secondsLater(seconds) }))).identity).toEqual(root);
  });

  it.each([-901, 901])('is refused when the clocks differ by %s seconds', async (seconds) => {
    const skewed = await signed({}, { at: secondsLater(seconds) });
    await expect(s3(skewed)).rejects.toMatchObject({ code: 'RequestTimeTooSkewed', statusCode: 403 });
    await expect(sts(await signed({}, { at: secondsLater(seconds), service: 'sts' }))).rejects.toMatchObject({
      code: 'RequestTimeTooSkewed',
    });
    await expect(
      json(await signed({}, { at: secondsLater(seconds), service: 'dynamodb' })),
    ).rejects.toMatchObject({
      code: 'InvalidSignatureException',
    });
  });

  it('must be for this region and service, and for the day of its scope', async () => {
    await expect(s3(await signed({}, { region: 'us-east-1' }))).rejects.toMatchObject({
      code: 'AuthorizationHeaderMalformed',
      details: { Region: REGION },
    });
    await expect(s3(await signed({}, { service: 'sts' }))).rejects.toMatchObject({
      code: 'AuthorizationHeaderMalformed',
    });
    await expect(json(await signed({}, { region: 'us-east-1', service: 'dynamodb' }))).rejects.toMatchObject({
      code: 'InvalidSignatureException',
    });
    const head = await signed();
    const authorization = head.headersDistinct['authorization']?.[0] ?? '';
    const otherDay = withHeader(head, 'authorization', authorization.replace('/20260301/', '/20260228/'));
    await expect(s3(otherDay)).rejects.toMatchObject({ code: 'AuthorizationHeaderMalformed' });
  });

  it.each([
    ['another algorithm', 'AWS4-ECDSA-P256-SHA256 Credential=a'],
    ['a bearer token', 'Bearer abc'],
    ['no fields', 'AWS4-HMAC-SHA256 '],
    ['a short credential', 'AWS4-HMAC-SHA256 Credential=AKIAROOT/20260301, SignedHeaders=host, Signature=00'],
  ])('is malformed with %s', async (_what, authorization) => {
    const head = await signed();
    await expect(s3(withHeader(head, 'authorization', authorization))).rejects.toMatchObject({
      code: 'AuthorizationHeaderMalformed',
      statusCode: 400,
    });
  });

  it('can be missing', async () => {
    const s3Head = withHeader(await signed(), 'authorization', undefined);
    await expect(s3(s3Head)).rejects.toMatchObject({ code: 'AccessDenied', statusCode: 403 });
    await expect(sts(s3Head)).rejects.toMatchObject({ code: 'MissingAuthenticationToken', statusCode: 403 });
    await expect(json(s3Head)).rejects.toMatchObject({ code: 'MissingAuthenticationTokenException' });
  });
});

describe('the credential', () => {
  it('must be known, with the error of each service', async () => {
    const stranger = { ...root, accessKeyId: 'AKIASTRANGER' };
    await expect(s3(await signed({}, { identity: stranger }))).rejects.toMatchObject({
      code: 'InvalidAccessKeyId',
      statusCode: 403,
    });
    await expect(json(await signed({}, { identity: stranger, service: 'dynamodb' }))).rejects.toMatchObject({
      code: 'UnrecognizedClientException',
      statusCode: 400,
    });
    await expect(sts(await signed({}, { identity: stranger, service: 'sts' }))).rejects.toMatchObject({
      code: 'InvalidClientTokenId',
      statusCode: 403,
    });
  });

  it('must have its session token', async () => {
    const { sessionToken: _token, ...tokenless } = minted;
    await expect(s3(await signed({}, { identity: tokenless }))).rejects.toMatchObject({
      code: 'InvalidAccessKeyId',
    });
    await expect(s3(await presigned({}, { identity: tokenless }))).rejects.toMatchObject({
      code: 'InvalidAccessKeyId',
    });
  });

  it('must not have another session token', async () => {
    const other = identities.mintForRole(ROLE_ARN, { sessionName: 'other', durationInSeconds: 900 });
    const mixed = { ...minted, sessionToken: other.sessionToken ?? '' };
    await expect(s3(await signed({}, { identity: mixed }))).rejects.toMatchObject({ code: 'InvalidToken' });
    await expect(s3(await presigned({}, { identity: mixed }))).rejects.toMatchObject({
      code: 'InvalidToken',
    });
    const withToken = { ...root, sessionToken: 'token' };
    await expect(json(await signed({}, { identity: withToken, service: 'dynamodb' }))).rejects.toMatchObject({
      code: 'UnrecognizedClientException',
    });
  });

  it('must have a signed session token', async () => {
    const unsigned = await signed({}, { identity: minted, unsigned: ['x-amz-security-token'] });
    await expect(s3(unsigned)).rejects.toMatchObject({
      code: 'AccessDenied',
      details: { HeadersNotSigned: 'x-amz-security-token' },
    });
    const forDynamo = { identity: minted, service: 'dynamodb', unsigned: ['x-amz-security-token'] };
    await expect(json(await signed({}, forDynamo))).rejects.toMatchObject({
      code: 'InvalidSignatureException',
    });
  });

  it('is invalid a second after it expires', async () => {
    const valid = await signed({}, { identity: minted, at: secondsLater(3599) });
    expect((await s3(valid, secondsLater(3599))).identity).toEqual(minted);
    const expired = { identity: minted, at: secondsLater(3600) };
    await expect(s3(await signed({}, expired), secondsLater(3600))).rejects.toMatchObject({
      code: 'ExpiredToken',
    });
    await expect(
      sts(await signed({}, { ...expired, service: 'sts' }), '', secondsLater(3600)),
    ).rejects.toMatchObject({
      code: 'ExpiredToken',
    });
    await expect(
      json(await signed({}, { ...expired, service: 'dynamodb' }), '', secondsLater(3600)),
    ).rejects.toMatchObject({
      code: 'ExpiredTokenException',
    });
  });

  it('limits the lifetime of a presigned URL', async () => {
    const head = await presigned({}, { identity: minted, expiresInSeconds: WEEK_IN_SECONDS });
    expect((await s3(head, secondsLater(3599))).identity).toEqual(minted);
    await expect(s3(head, secondsLater(3600))).rejects.toMatchObject({ code: 'ExpiredToken' });
  });
});

describe('the body', () => {
  it('is verified for all services but S3', async () => {
    const head = await signed({ method: 'POST', path: '/' }, { service: 'dynamodb', body: '{"a":1}' });
    expect((await json(head, '{"a":1}')).payload).toEqual({ kind: 'verified' });
    await expect(json(head, '{"a":2}')).rejects.toMatchObject({
      code: 'InvalidSignatureException',
      statusCode: 400,
    });
    await expect(json(head, '')).rejects.toMatchObject({ code: 'InvalidSignatureException' });
  });

  it('must be signed for all services but S3', async () => {
    const draft = { method: 'POST', path: '/', headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } };
    const head = await signed(draft, { service: 'dynamodb' });
    await expect(json(head, '{}')).rejects.toMatchObject({ code: 'InvalidSignatureException' });
  });

  it.each([
    [sha256('bytes'), { kind: 'sha256', sha256: sha256('bytes') }],
    ['UNSIGNED-PAYLOAD', { kind: 'unsigned' }],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { kind: 'streaming', trailer: true }],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { kind: 'streaming', trailer: false, chunks: expect.anything() }],
    [
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      { kind: 'streaming', trailer: true, chunks: expect.anything() },
    ],
  ])('of S3 has its hash in x-amz-content-sha256: %s', async (header, payload) => {
    const head = await signed({ headers: { 'x-amz-content-sha256': header } });
    expect((await s3(head)).payload).toEqual(payload);
  });

  it.each([
    ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', 'NotImplemented'],
    ['nonsense', 'InvalidArgument'],
  ])('of S3 cannot have the hash %s', async (header, code) => {
    const head = await signed({ headers: { 'x-amz-content-sha256': header } });
    await expect(s3(head)).rejects.toMatchObject({ code });
  });

  it('of S3 must have a hash', async () => {
    const head = withHeader(await signed(), 'x-amz-content-sha256', undefined);
    await expect(s3(head)).rejects.toMatchObject({ code: 'InvalidRequest' });
  });
});

it.each(['/media/%zz', '/media/%ff', 'http://localhost/media', '/media?a=%'])(
  'a request with the invalid path %s is refused before all else',
  async (url) => {
    await expect(s3({ ...(await signed()), url })).rejects.toMatchObject({
      code: 'InvalidURI',
      statusCode: 400,
    });
  },
);
