import { describe, expect, it } from 'vitest';
import { Identities } from '../../iam/identities.ts';
import type { RequestHead } from '../../iam/signed-request.ts';
import { authenticate } from '../../iam/sigv4.ts';
import { sha256 } from './iam-requests.ts';

describe('the examples of the S3 documentation', () => {
  const example = new Identities({
    root: {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    },
  });
  const check = (head: RequestHead) =>
    authenticate(head, {
      service: 's3',
      region: 'us-east-1',
      identities: example,
      clock: () => new Date('2013-05-24T00:00:00Z'),
    });
  const authorization = (signedHeaders: string, signature: string) => [
    `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`,
  ];

  it('a ranged GET is authentic', async () => {
    const head: RequestHead = {
      method: 'GET',
      url: '/test.txt',
      headersDistinct: {
        host: ['examplebucket.s3.amazonaws.com'],
        range: ['bytes=0-9'],
        'x-amz-content-sha256': [sha256('')],
        'x-amz-date': ['20130524T000000Z'],
        authorization: authorization(
          'host;range;x-amz-content-sha256;x-amz-date',
          'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
        ),
      },
    };
    expect(await check(head)).toMatchObject({
      presigned: false,
      payload: { kind: 'sha256', sha256: sha256('') },
    });
  });

  it('a PUT of a key with a dollar sign is authentic, with the date in the Date header', async () => {
    const bodyHash = sha256('Welcome to Amazon S3.');
    const head: RequestHead = {
      method: 'PUT',
      url: '/test$file.text',
      headersDistinct: {
        host: ['examplebucket.s3.amazonaws.com'],
        date: ['Fri, 24 May 2013 00:00:00 GMT'],
        'x-amz-content-sha256': [bodyHash],
        'x-amz-date': ['20130524T000000Z'],
        'x-amz-storage-class': ['REDUCED_REDUNDANCY'],
        authorization: authorization(
          'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
          '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
        ),
      },
    };
    expect((await check(head)).payload).toEqual({ kind: 'sha256', sha256: bodyHash });
  });

  it('a presigned GET is authentic', async () => {
    const head: RequestHead = {
      method: 'GET',
      url: '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
      headersDistinct: { host: ['examplebucket.s3.amazonaws.com'] },
    };
    expect(await check(head)).toMatchObject({ presigned: true, payload: { kind: 'unsigned' } });
  });

  it('a chunked upload is authentic, chunk by chunk, and a changed chunk is not', async () => {
    const head: RequestHead = {
      method: 'PUT',
      url: '/examplebucket/chunkObject.txt',
      headersDistinct: {
        host: ['s3.amazonaws.com'],
        'content-encoding': ['aws-chunked'],
        'content-length': ['66824'],
        'x-amz-content-sha256': ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
        'x-amz-date': ['20130524T000000Z'],
        'x-amz-decoded-content-length': ['66560'],
        'x-amz-storage-class': ['REDUCED_REDUNDANCY'],
        authorization: authorization(
          'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
          '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
        ),
      },
    };
    const chunks: Array<[data: string, signature: string]> = [
      ['a'.repeat(65536), 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'],
      ['a'.repeat(1024), '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'],
      ['', 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'],
    ];
    const { payload } = await check(head);
    if (payload.kind !== 'streaming' || !payload.chunks) throw new Error('expected signed chunks');
    for (const [data, signature] of chunks) {
      expect(payload.chunks.verifyChunk(sha256(data), signature)).toBe(true);
    }

    const again = await check(head);
    if (again.payload.kind !== 'streaming') throw new Error('expected signed chunks');
    expect(again.payload.chunks?.verifyChunk(sha256('b'), chunks[0]?.[1] ?? '')).toBe(false);
    expect(again.payload.chunks?.verifyChunk(sha256('a'.repeat(1024)), chunks[1]?.[1] ?? '')).toBe(false);
  });

  it('a chunked upload with a signed trailer is authentic, and a changed trailer is not', async () => {
    const head: RequestHead = {
      method: 'PUT',
      url: '/examplebucket/chunkObject.txt',
      headersDistinct: {
        host: ['s3.amazonaws.com'],
        'content-encoding': ['aws-chunked'],
        'content-length': ['66824'],
        'x-amz-content-sha256': ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'],
        'x-amz-date': ['20130524T000000Z'],
        'x-amz-decoded-content-length': ['66560'],
        'x-amz-storage-class': ['REDUCED_REDUNDANCY'],
        'x-amz-trailer': ['x-amz-checksum-crc32c'],
        authorization: authorization(
          'content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer',
          '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
        ),
      },
    };
    const trailerIsAuthentic = async (value: string) => {
      const { payload } = await check(head);
      if (payload.kind !== 'streaming' || !payload.chunks) throw new Error('expected signed chunks');
      const { chunks } = payload;
      const data: Array<[data: string, signature: string]> = [
        ['a'.repeat(65536), 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2'],
        ['a'.repeat(1024), '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7'],
        ['', '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992'],
      ];
      for (const [chunk, signature] of data) {
        expect(chunks.verifyChunk(sha256(chunk), signature)).toBe(true);
      }
      return chunks.verifyTrailer(
        [['x-amz-checksum-crc32c', value]],
        'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
      );
    };
    expect(await trailerIsAuthentic('sOO8/Q==')).toBe(true);
    expect(await trailerIsAuthentic('AAAAAA==')).toBe(false);
  });
});
