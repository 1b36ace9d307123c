import { describe, expect, it } from 'vitest';
import {
  type Head,
  minted,
  presigned,
  root,
  s3,
  secondsLater,
  sha256,
  signed,
  WEEK_IN_SECONDS,
  withHeader,
} from './iam-requests.ts';

describe('a presigned URL', () => {
  it('has the signer, and a body hash only when it is in the URL', async () => {
    const head = await presigned({}, { identity: minted });
    expect(await s3(head)).toEqual({ identity: minted, presigned: true, payload: { kind: 'unsigned' } });
    const hashed = await presigned({ headers: { 'x-amz-content-sha256': sha256('bytes') } });
    expect((await s3(hashed)).payload).toEqual({ kind: 'sha256', sha256: sha256('bytes') });
  });

  it.each([
    ['the method', (head: Head): Head => ({ ...head, method: 'DELETE' })],
    ['the path', (head: Head): Head => ({ ...head, url: head.url.replace('/a/', '/b/') })],
    ['its life', (head: Head): Head => ({ ...head, url: head.url.replace('Expires=60', 'Expires=600') })],
    [
      'an added parameter',
      (head: Head): Head => ({ ...head, url: `${head.url}&response-content-type=text%2Fhtml` }),
    ],
    ['the host', (head: Head): Head => withHeader(head, 'host', 'other')],
  ])('is invalid when %s is changed', async (_what, tamper) => {
    const head = await presigned();
    expect((await s3(head)).identity).toEqual(root);
    await expect(s3(tamper(head))).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  it('may have plus signs for spaces, as in browsers', async () => {
    const head = await presigned({
      method: 'GET',
      query: { 'response-content-disposition': 'attachment; a+b' },
    });
    const url = new URL(head.url, 'http://localhost');
    url.searchParams.sort();
    expect(url.search).toContain('attachment%3B+a%2Bb');
    expect((await s3({ ...head, url: url.pathname + url.search })).identity).toEqual(root);
  });

  it('is valid until it expires', async () => {
    const head = await presigned({}, { expiresInSeconds: 60 });
    expect((await s3(head, secondsLater(60))).identity).toEqual(root);
    await expect(s3(head, secondsLater(61))).rejects.toMatchObject({
      code: 'AccessDenied',
      statusCode: 403,
      message: 'Request has expired',
    });
  });

  it('is invalid before its time', async () => {
    const head = await presigned({}, { at: secondsLater(901) });
    await expect(s3(head)).rejects.toMatchObject({
      code: 'AccessDenied',
      message: 'Request is not yet valid',
    });
  });

  it.each(['0', '-1', '604801', '1e3', ''])('cannot have a lifetime of "%s" seconds', async (expires) => {
    const head = await presigned();
    const url = head.url.replace('X-Amz-Expires=60', `X-Amz-Expires=${expires}`);
    await expect(s3({ ...head, url })).rejects.toMatchObject({ code: 'AuthorizationQueryParametersError' });
  });

  it('may have a lifetime of a week', async () => {
    const head = await presigned({}, { expiresInSeconds: WEEK_IN_SECONDS });
    expect((await s3(head, secondsLater(WEEK_IN_SECONDS))).identity).toEqual(root);
  });

  it('cannot have a signature in the header too, or two credentials', async () => {
    const head = await presigned();
    const authorization = (await signed()).headersDistinct['authorization']?.[0];
    await expect(s3(withHeader(head, 'authorization', authorization))).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    await expect(s3({ ...head, url: `${head.url}&X-Amz-Expires=60` })).rejects.toMatchObject({
      code: 'AuthorizationQueryParametersError',
    });
  });

  it('refuses added x-amz- headers', async () => {
    const head = withHeader(await presigned(), 'x-amz-acl', 'public-read');
    await expect(s3(head)).rejects.toMatchObject({ details: { HeadersNotSigned: 'x-amz-acl' } });
  });
});
