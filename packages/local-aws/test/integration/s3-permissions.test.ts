import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketLifecycleCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketCorsCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../iam/identities.ts';
import type { PolicyStatement } from '../../iam/policy.ts';
import { RawConnection, signedHead } from './s3-raw-request.ts';
import { errorOf, LocalS3ForTests, plainBucket, versionedBucket } from './s3-service.ts';

const Bucket = plainBucket;
const bucketArn = `arn:aws:s3:::${Bucket}`;
const protectedBucket = 'protected';
let s3: LocalS3ForTests;
let admin: S3Client;

beforeAll(async () => {
  s3 = await LocalS3ForTests.start({
    buckets: [
      { name: plainBucket, versioned: false, cors: [corsRule] },
      { name: versionedBucket, versioned: true },
      {
        name: protectedBucket,
        versioned: false,
        policy: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: [`arn:aws:s3:::${protectedBucket}`, `arn:aws:s3:::${protectedBucket}/*`],
              Condition: {
                Bool: { 'aws:SecureTransport': 'false' },
                NumericLessThan: { 's3:TlsVersion': 1.2 },
              },
            },
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:PutObject',
              Resource: `arn:aws:s3:::${protectedBucket}/frozen/*`,
            },
          ],
        },
      },
    ],
  });
  admin = s3.client();
});
afterAll(() => s3.close());

const corsRule = {
  allowedOrigins: ['https://library.example', 'http://localhost:*'],
  allowedMethods: ['GET', 'PUT'],
  allowedHeaders: ['content-*', 'x-amz-*'],
  exposedHeaders: ['ETag'],
  maxAgeInSeconds: 600,
};
const allow = (
  Action: string | string[],
  Resource: string | string[],
  Condition?: PolicyStatement['Condition'],
) => ({ Effect: 'Allow', Action, Resource, ...(Condition ? { Condition } : {}) }) as const;
const as = (...statements: PolicyStatement[]) => s3.client(s3.session(statements));
const denied = { name: 'AccessDenied', status: 403 };

describe('every operation', () => {
  const Key = 'permissions/x';
  const upload = { Bucket, Key, UploadId: 'none' };
  const operations: ReadonlyArray<
    readonly [action: string, on: string, call: (client: S3Client) => Promise<unknown>]
  > = [
    ['s3:PutObject', Key, (client) => client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))],
    ['s3:GetObject', Key, (client) => client.send(new GetObjectCommand({ Bucket, Key }))],
    ['s3:GetObject', Key, (client) => client.send(new HeadObjectCommand({ Bucket, Key }))],
    [
      's3:GetObjectVersion',
      Key,
      (client) => client.send(new GetObjectCommand({ Bucket, Key, VersionId: 'null' })),
    ],
    [
      's3:GetObjectVersion',
      Key,
      (client) => client.send(new HeadObjectCommand({ Bucket, Key, VersionId: 'null' })),
    ],
    ['s3:ListMultipartUploadParts', Key, (client) => client.send(new ListPartsCommand(upload))],
    ['s3:AbortMultipartUpload', Key, (client) => client.send(new AbortMultipartUploadCommand(upload))],
    ['s3:PutObject', Key, (client) => client.send(new CreateMultipartUploadCommand({ Bucket, Key }))],
    [
      's3:PutObject',
      Key,
      (client) => client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' })),
    ],
    [
      's3:PutObject',
      Key,
      (client) =>
        client.send(
          new CompleteMultipartUploadCommand({
            ...upload,
            MultipartUpload: { Parts: [{ PartNumber: 1, ETag: 'x' }] },
          }),
        ),
    ],
    ['s3:DeleteObject', Key, (client) => client.send(new DeleteObjectCommand({ Bucket, Key }))],
    [
      's3:DeleteObjectVersion',
      Key,
      (client) => client.send(new DeleteObjectCommand({ Bucket, Key, VersionId: 'null' })),
    ],
    ['s3:ListBucket', '', (client) => client.send(new ListObjectsV2Command({ Bucket }))],
    ['s3:ListBucket', '', (client) => client.send(new ListObjectsCommand({ Bucket }))],
    ['s3:ListBucketVersions', '', (client) => client.send(new ListObjectVersionsCommand({ Bucket }))],
    [
      's3:ListBucketMultipartUploads',
      '',
      (client) => client.send(new ListMultipartUploadsCommand({ Bucket })),
    ],
    ['s3:GetBucketLocation', '', (client) => client.send(new GetBucketLocationCommand({ Bucket }))],
    ['s3:GetBucketVersioning', '', (client) => client.send(new GetBucketVersioningCommand({ Bucket }))],
    ['s3:ListAllMyBuckets', '*', (client) => client.send(new ListBucketsCommand({}))],
  ];
  const resourceOf = (on: string) => (on === '*' ? '*' : on === '' ? bucketArn : `${bucketArn}/${on}`);

  it.each(operations)('%s on "%s" is required, and sufficient', async (action, on, call) => {
    const before = s3.client(s3.session([allow(action, resourceOf(on))]));
    await admin.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const outcome = await call(before).then(
      () => 'done',
      (error: Error) => error.name,
    );
    expect(['done', 'NoSuchUpload']).toContain(outcome);

    const others = [...new Set(operations.map(([other]) => other))].filter((other) => other !== action);
    const everythingElse = as(allow(others, ['*']));
    expect(await errorOf(call(everythingElse))).toMatchObject({ status: 403 });
    if (on !== '*') {
      const elsewhere = as(allow(action, [`${bucketArn}x`, `${bucketArn}/other/*`, 'arn:aws:s3:::other*']));
      expect(await errorOf(call(elsewhere))).toMatchObject({ status: 403 });
    }
  });

  it('needs s3:ListBucket for HeadBucket, whose refusal has no body', async () => {
    await as(allow('s3:ListBucket', bucketArn)).send(new HeadBucketCommand({ Bucket }));
    const refused = as(allow('s3:GetObject', '*')).send(new HeadBucketCommand({ Bucket }));
    expect((await errorOf(refused)).status).toBe(403);
  });

  it('needs permission to read the original of a copy', async () => {
    await admin.send(new PutObjectCommand({ Bucket, Key: 'from', Body: 'x' }));
    const copy = () => new CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/from` });
    await as(allow('s3:PutObject', `${bucketArn}/to`), allow('s3:GetObject', `${bucketArn}/from`)).send(
      copy(),
    );
    expect(await errorOf(as(allow('s3:PutObject', '*')).send(copy()))).toEqual(denied);
    expect(await errorOf(as(allow('s3:GetObject', '*')).send(copy()))).toEqual(denied);
  });

  it('refuses single keys in DeleteObjects', async () => {
    for (const key of ['mine/1', 'theirs/1'])
      await admin.send(new PutObjectCommand({ Bucket, Key: key, Body: 'x' }));
    const answer = await as(allow('s3:DeleteObject', `${bucketArn}/mine/*`)).send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'mine/1' }, { Key: 'theirs/1' }] } }),
    );
    expect(answer.Deleted?.map((deleted) => deleted.Key)).toEqual(['mine/1']);
    expect(answer.Errors).toMatchObject([{ Key: 'theirs/1', Code: 'AccessDenied' }]);
    await admin.send(new HeadObjectCommand({ Bucket, Key: 'theirs/1' }));
  });
});

describe('a missing object', () => {
  it('is 404 with permission to list, and 403 without', async () => {
    const read = (client: S3Client) => client.send(new GetObjectCommand({ Bucket, Key: 'missing' }));
    const head = (client: S3Client) => client.send(new HeadObjectCommand({ Bucket, Key: 'missing' }));
    const reader = as(allow('s3:GetObject', `${bucketArn}/*`));
    const lister = as(allow('s3:GetObject', `${bucketArn}/*`), allow('s3:ListBucket', bucketArn));
    expect(await errorOf(read(reader))).toEqual(denied);
    expect((await errorOf(head(reader))).status).toBe(403);
    expect(await errorOf(read(lister))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect(await errorOf(head(lister))).toEqual({ name: 'NotFound', status: 404 });
  });
});

describe('a session policy for one prefix', () => {
  const prefix = 'e3dea0f5-37f2-4d79-ae58-490af3228069/credential';
  let device: S3Client;
  const put = (Key: string) => device.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));

  beforeAll(() => {
    device = s3.client(
      s3.session([allow(['s3:PutObject', 's3:AbortMultipartUpload'], `${bucketArn}/*`)], {
        Version: '2012-10-17',
        Statement: [allow('s3:PutObject', `${bucketArn}/${prefix}/*`)],
      }),
    );
  });

  it('allows everything below the prefix', async () => {
    const keys = ['photo.jpg', 'DJI_上云API/ü*?.jpg', '*', '../x'].map((name) => `${prefix}/${name}`);
    for (const key of keys) await put(key);
    const { Contents } = await admin.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}/` }));
    expect(Contents?.map(({ Key }) => Key).sort()).toEqual(keys.sort());
  });

  it.each([
    `${prefix}`,
    `${prefix}x/photo.jpg`,
    'other/photo.jpg',
    '*',
    `${prefix.slice(0, -1)}*/photo.jpg`,
    `x/../${prefix}/photo.jpg`,
    `/${prefix}/photo.jpg`,
    prefix.toUpperCase(),
  ])('denies %j', async (key) => {
    expect(await errorOf(put(key))).toEqual(denied);
  });
});

describe('conditions', () => {
  it('on the prefix limit a listing', async () => {
    const client = as(allow('s3:ListBucket', bucketArn, { StringLike: { 's3:prefix': ['mine/*'] } }));
    await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'mine/2026' }));
    expect(await errorOf(client.send(new ListObjectsV2Command({ Bucket, Prefix: 'theirs/' })))).toEqual(
      denied,
    );
    expect(await errorOf(client.send(new ListObjectsV2Command({ Bucket })))).toEqual(denied);
  });

  it('on the version limit reads', async () => {
    const put = () => admin.send(new PutObjectCommand({ Bucket: versionedBucket, Key: 'v', Body: 'x' }));
    const [first, second] = [await put(), await put()];
    const only = { StringEquals: { 's3:VersionId': first.VersionId ?? '' } };
    const client = as(allow('s3:GetObjectVersion', `arn:aws:s3:::${versionedBucket}/*`, only));
    const read = (VersionId?: string) =>
      client.send(new GetObjectCommand({ Bucket: versionedBucket, Key: 'v', VersionId }));
    await read(first.VersionId);
    expect(await errorOf(read(second.VersionId))).toEqual(denied);
    expect(await errorOf(read())).toEqual(denied);
  });
});

describe('a bucket policy', () => {
  it('that requires TLS is fulfilled on loopback', async () => {
    await admin.send(new PutObjectCommand({ Bucket: protectedBucket, Key: 'x', Body: 'x' }));
    const reader = as(allow('s3:GetObject', '*'));
    const { Body } = await reader.send(new GetObjectCommand({ Bucket: protectedBucket, Key: 'x' }));
    expect(await Body?.transformToString()).toBe('x');
  });

  it('denies even the administrator', async () => {
    const put = new PutObjectCommand({ Bucket: protectedBucket, Key: 'frozen/x', Body: 'x' });
    expect(await errorOf(admin.send(put))).toEqual(denied);
  });
});

describe('the caller', () => {
  const head = (identity: Identity | { accessKeyId: string; secretAccessKey: string }) =>
    s3.client(identity).send(new GetObjectCommand({ Bucket, Key: 'x' }));

  it('needs a key, its secret and its token', async () => {
    const session = s3.session([allow('s3:*', '*')]);
    const { accessKeyId, secretAccessKey } = session;
    expect((await errorOf(head({ accessKeyId: 'AKIANOBODY', secretAccessKey }))).name).toBe(
      'InvalidAccessKeyId',
    );
    const forged = { ...session, secretAccessKey: 'guess' };
    expect((await errorOf(head(forged))).name).toBe('SignatureDoesNotMatch');
    expect((await errorOf(head({ accessKeyId, secretAccessKey }))).status).toBe(403);
    expect((await errorOf(head({ ...session, sessionToken: 'guess' }))).name).toBe('InvalidToken');
  });

  it('gets AccessDenied without a signature', async () => {
    const answer = await fetch(`${s3.endpoint}/${Bucket}/x`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('<Code>AccessDenied</Code>');
  });
});

describe('a large upload that is denied', () => {
  const size = 64 * 1024 * 1024;
  const headOf = (more: Record<string, string>) =>
    signedHead(s3.port, {
      method: 'PUT',
      path: `/${Bucket}/denied`,
      headers: { 'content-length': String(size), 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...more },
      credentials: s3.session([allow('s3:GetObject', '*')]),
    }).head;

  it('gets its response instead of 100 Continue', async () => {
    const connection = await RawConnection.open(s3.port);
    await connection.write(headOf({ expect: '100-continue' }));
    const answer = await connection.answer();
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('<Code>AccessDenied</Code>');
    connection.close();
  });

  it('gets its response without waiting, and the connection stays open', async () => {
    const connection = await RawConnection.open(s3.port);
    await connection.write(headOf({}));
    const block = Buffer.alloc(1024 * 1024);
    for (let sent = 0; sent < size; sent += block.length) await connection.write(block);
    expect((await connection.answer()).status).toBe(403);
    await connection.write(`GET /${Bucket}/x HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
    expect((await connection.answer()).status).toBe(403);
    connection.close();
  });

  it('is a normal error of the SDK', async () => {
    const client = as(allow('s3:GetObject', '*'));
    const put = new PutObjectCommand({ Bucket, Key: 'denied', Body: Buffer.alloc(size) });
    expect(await errorOf(client.send(put))).toEqual(denied);
  });

  it('gets 100 Continue when it is allowed', async () => {
    const connection = await RawConnection.open(s3.port);
    const headers = {
      'content-length': '5',
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      expect: '100-continue',
    };
    await connection.write(signedHead(s3.port, { method: 'PUT', path: `/${Bucket}/expected`, headers }).head);
    expect(await connection.until('\r\n\r\n')).toContain('100 Continue');
    await connection.write('bytes');
    expect((await connection.answer()).status).toBe(200);
    connection.close();
  });
});

describe('an operation that is not implemented', () => {
  it.each<[string, string, (client: S3Client) => Promise<unknown>]>([
    ['s3:GetBucketPolicy', bucketArn, (client) => client.send(new GetBucketPolicyCommand({ Bucket }))],
    ['s3:GetBucketCORS', bucketArn, (client) => client.send(new GetBucketCorsCommand({ Bucket }))],
    [
      's3:PutLifecycleConfiguration',
      bucketArn,
      (client) => client.send(new DeleteBucketLifecycleCommand({ Bucket })),
    ],
    ['s3:DeleteBucket', bucketArn, (client) => client.send(new DeleteBucketCommand({ Bucket }))],
    [
      's3:CreateBucket',
      'arn:aws:s3:::new',
      (client) => client.send(new CreateBucketCommand({ Bucket: 'new' })),
    ],
    [
      's3:GetObjectTagging',
      `${bucketArn}/x`,
      (client) => client.send(new GetObjectTaggingCommand({ Bucket, Key: 'x' })),
    ],
    [
      's3:DeleteObjectTagging',
      `${bucketArn}/x`,
      (client) => client.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'x' })),
    ],
  ])('is denied without %s, and else refused by name', async (Action, Resource, call) => {
    const may = (action: string) => as(allow(action, Resource));
    expect(await errorOf(call(may('s3:PutObject')))).toMatchObject(denied);
    expect(await errorOf(call(may(Action)))).toMatchObject({ name: 'NotImplemented' });
  });

  it.each([
    ['s3:PutObjectAcl', { ACL: 'bucket-owner-full-control' }],
    ['s3:PutObjectAcl', { GrantRead: 'id=1' }],
    ['s3:PutObjectTagging', { Tagging: 'a=b' }],
    ['s3:PutObjectRetention', { ObjectLockMode: 'GOVERNANCE' }],
    ['s3:PutObjectLegalHold', { ObjectLockLegalHoldStatus: 'ON' }],
  ] as const)('%s is needed for the header of %j', async (action, header) => {
    const put = new PutObjectCommand({ Bucket, Key: 'permissions/header', Body: 'x', ...header });
    const own = allow('s3:PutObject', `${bucketArn}/*`);
    expect(await errorOf(as(own).send(put))).toMatchObject(denied);
    const permitted = as(own, allow(action, `${bucketArn}/*`)).send(put);
    const outcome = await permitted.then(
      () => 'written',
      ({ name }) => name,
    );
    expect(outcome).toBe('ACL' in header ? 'written' : 'NotImplemented');
  });

  it.each([
    ['GetBucketPolicy', (client: S3Client) => client.send(new GetBucketPolicyCommand({ Bucket }))],
    [
      'GetObjectTagging',
      (client: S3Client) => client.send(new GetObjectTaggingCommand({ Bucket, Key: 'x' })),
    ],
    [
      'x-amz-tagging',
      (client: S3Client) => client.send(new PutObjectCommand({ Bucket, Key: 'x', Tagging: 'a=b' })),
    ],
    [
      'aws:kms',
      (client: S3Client) =>
        client.send(new PutObjectCommand({ Bucket, Key: 'x', ServerSideEncryption: 'aws:kms' })),
    ],
  ])('is refused by name: %s', async (name, call) => {
    const error = await call(admin).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.name).toBe('NotImplemented');
    expect(error?.message).toContain(name);
  });
});

describe('a browser of another origin', () => {
  const preflight = (headers: Record<string, string>, bucket = Bucket) =>
    fetch(`${s3.endpoint}/${bucket}/photo.jpg`, { method: 'OPTIONS', headers });

  it('is allowed by a rule of the bucket', async () => {
    const answer = await preflight({
      origin: 'http://localhost:5173',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type, x-amz-date',
    });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': 'http://localhost:5173',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'content-type, x-amz-date',
      'access-control-max-age': '600',
    });
    // Refusals too must be readable by the page.
    const refused = await fetch(`${s3.endpoint}/${Bucket}/x`, {
      headers: { origin: 'https://library.example' },
    });
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://library.example');
    expect(refused.headers.get('access-control-expose-headers')).toBe('ETag');
  });

  it.each([
    ['another origin', { origin: 'https://evil.example', 'access-control-request-method': 'GET' }, Bucket],
    [
      'another method',
      { origin: 'https://library.example', 'access-control-request-method': 'DELETE' },
      Bucket,
    ],
    [
      'another header',
      {
        origin: 'https://library.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
      Bucket,
    ],
    [
      'a bucket without rules',
      { origin: 'https://library.example', 'access-control-request-method': 'GET' },
      versionedBucket,
    ],
  ])('is refused with %s', async (_what, headers, bucket) => {
    const answer = await preflight(headers, bucket);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});
