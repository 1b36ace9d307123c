import { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { s3ObjectStorage } from '../../functions/adapters/s3-object-storage.ts';
import { FINGERPRINT } from '../fixtures/library.ts';
import { type CannedAnswer, cannedAws } from './canned-aws.ts';

const HEADERS = {
  etag: `"${FINGERPRINT}"`,
  'content-length': '8388608',
  'content-type': 'image/jpeg',
  'x-amz-version-id': 'v1',
};

function storageThat(...answers: (CannedAnswer | Error)[]) {
  const { sent, settings } = cannedAws(...answers);
  return { sent, storage: s3ObjectStorage('media', new S3Client({ ...settings, maxAttempts: 2 })) };
}

describe('object storage in S3', () => {
  it('describes an object with one HEAD', async () => {
    const { sent, storage } = storageThat({ status: 200, headers: HEADERS });
    expect(await storage.find('w/a b+上云.JPG')).toEqual({
      sizeInBytes: 8_388_608,
      eTag: FINGERPRINT,
      versionId: 'v1',
      contentType: 'image/jpeg',
    });
    expect(sent).toMatchObject([
      { method: 'HEAD', path: expect.stringContaining('/w/a%20b%2B%E4%B8%8A%E4%BA%91.JPG') },
    ]);
  });

  it('requests a literal key: an encoded one is encoded again', async () => {
    const { sent, storage } = storageThat({ status: 200, headers: HEADERS });
    await storage.find('w/a\n\t%2f..\\%2e.JPG');
    expect(sent).toMatchObject([{ path: expect.stringMatching(/\/w\/a%0A%09%252f\.\.%5C%252e\.JPG$/) }]);
  });

  it('describes an empty object', async () => {
    const { storage } = storageThat({ status: 200, headers: { ...HEADERS, 'content-length': '0' } });
    expect(await storage.find('k')).toMatchObject({ sizeInBytes: 0 });
  });

  it('treats only 404 as missing', async () => {
    expect(await storageThat({ status: 404 }).storage.find('k')).toBeUndefined();
    const deleted = storageThat({ status: 404, headers: { 'x-amz-delete-marker': 'true' } });
    expect(await deleted.storage.find('k')).toBeUndefined();
  });

  it.each([301, 307, 400, 403, 405, 409, 412, 429, 500, 503])('throws at %i', async (status) => {
    await expect(storageThat({ status }).storage.find('k')).rejects.toThrow();
  });

  it('throws when the connection fails', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    await expect(storageThat(refused).storage.find('k')).rejects.toThrow('ECONNREFUSED');
  });

  it('retries after throttling', async () => {
    const { sent, storage } = storageThat({ status: 503 }, { status: 200, headers: HEADERS });
    expect(await storage.find('k')).toBeDefined();
    expect(sent).toHaveLength(2);
  });

  it('throws for an incomplete response', async () => {
    const { etag: _etag, ...headers } = HEADERS;
    await expect(storageThat({ status: 200, headers }).storage.find('k')).rejects.toThrow('has no ETag');
  });
});
