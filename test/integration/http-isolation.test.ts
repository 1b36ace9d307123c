import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PilotDevice, photo, type StsData, TestStack } from './stack-fixture.ts';

const PART = 5 * 1024 * 1024;

let stack: TestStack;
let pilot: PilotDevice;
let foreigner: PilotDevice;
let sts: StsData;
let s3: S3Client;
let Bucket: string;

beforeAll(async () => {
  stack = await TestStack.start();
  pilot = await stack.pilot(0);
  foreigner = await stack.pilot(1);
  sts = await pilot.credentials();
  s3 = pilot.s3(sts);
  Bucket = sts.bucket;
});
afterAll(() => stack.close());

const keyed = (name: string) => ({ Bucket, Key: `${sts.object_key_prefix}/${name}` });
const put = (Key: string, client = s3) => client.send(new PutObjectCommand({ Bucket, Key, Body: 'bytes' }));
const denied = { name: 'AccessDenied', $metadata: expect.objectContaining({ httpStatusCode: 403 }) };
const exists = (Key: string) =>
  stack
    .s3()
    .send(new HeadObjectCommand({ Bucket, Key }))
    .then(
      () => true,
      () => false,
    );

/**
 * The scope in a prefix. Prefixes of other responses with the same credentials are below it too.
 */
const scopeOf = (prefix: string) => prefix.split('/').slice(0, 2).join('/');

describe('over HTTP', () => {
  it('a workspace does not find files of another one', async () => {
    const file = photo();
    await pilot.upload(file);
    const miss = await foreigner.ask('fast-upload', {
      body: { fingerprint: file.fingerprint, name: file.name },
    });
    expect(miss.envelope).toMatchObject({ code: -1, data: {} });
    const tiny = await foreigner.ask('files/tiny-fingerprints', { body: [file.tinyFingerprint] });
    expect(tiny.envelope.data).toEqual({ tiny_fingerprints: [] });
    expect((await pilot.ask('fast-upload', { body: { fingerprint: file.fingerprint } })).envelope.code).toBe(
      0,
    );
  });

  it('a miss looks the same whether another workspace has the file or not', async () => {
    const [held, unknown] = [photo(), photo()];
    await pilot.upload(held);
    const answers = await Promise.all(
      [held, unknown].map(({ fingerprint }) => foreigner.ask('fast-upload', { body: { fingerprint } })),
    );
    const [first, second] = answers.map(({ status, text }) => ({
      status,
      text: text.replace(/[0-9a-f]{32}/, ''),
    }));
    expect(first).toEqual(second);
  });

  it('the same group id in two workspaces is two groups', async () => {
    const body = { file_group_id: 'shared', file_count: 9, file_uploaded_count: 9 };
    await pilot.ask('group-upload-callback', { body });
    const { envelope } = await foreigner.ask('flights/shared', { method: 'GET' });
    expect(envelope.code).not.toBe(0);
  });

  it('each workspace gets credentials below its own id', async () => {
    const theirs = await foreigner.credentials();
    expect(theirs.object_key_prefix.startsWith(`${foreigner.workspaceId}/`)).toBe(true);
    expect(sts.object_key_prefix.startsWith(`${pilot.workspaceId}/`)).toBe(true);
    expect(theirs.credentials.access_key_id).not.toBe(sts.credentials.access_key_id);
  });
});

describe('credentials of a device', () => {
  it.each([
    ['path-style', true],
    ['virtual-host', false],
  ])('can write below their prefix, %s', async (_style, forcePathStyle) => {
    const client = pilot.s3(sts, { forcePathStyle });
    const Key = `${sts.object_key_prefix}/flight/上云API 100%+&.JPG`;
    await put(Key, client);
    expect(await exists(Key)).toBe(true);
  });

  it('can write below their prefix only', async () => {
    const theirs = await foreigner.credentials();
    const scope = scopeOf(sts.object_key_prefix);
    for (const Key of [
      `${theirs.object_key_prefix}/a.jpg`,
      `${foreigner.workspaceId}/a.jpg`,
      `${pilot.workspaceId}/a.jpg`,
      'a.jpg',
      scope,
      `${scope}x/a.jpg`,
      `${scope.slice(0, -1)}/a.jpg`,
      `${pilot.workspaceId}/${'0'.repeat(24)}/a.jpg`,
      `${pilot.workspaceId}/*/a.jpg`,
      '*',
      '*/*/*',
      `${pilot.workspaceId}/????????????????????????/a.jpg`,
      `\${aws:PrincipalTag/object_key_scope}/a.jpg`,
      `x/${sts.object_key_prefix}/a.jpg`,
      sts.object_key_prefix.toUpperCase(),
    ]) {
      await expect(put(Key), Key).rejects.toMatchObject(denied);
      expect(await exists(Key), Key).toBe(false);
    }
  });

  it('cannot leave their prefix with ..', async () => {
    const Key = `${sts.object_key_prefix}/../../../${foreigner.workspaceId}/climbed.jpg`;
    await put(Key).catch(() => undefined);
    expect(await exists(`${foreigner.workspaceId}/climbed.jpg`)).toBe(false);
    const url = `${stack.endpoints.s3}/${Bucket}/${sts.object_key_prefix}/..%2F..%2F..%2F${foreigner.workspaceId}/climbed.jpg`;
    expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403);
    expect(await exists(`${foreigner.workspaceId}/climbed.jpg`)).toBe(false);
  });

  it('cannot write where other credentials of the same workspace can', async () => {
    const { username, password } = await stack.createUser('colleague', pilot.workspaceId);
    const colleague = await stack.pilot({ username, password });
    const theirs = await colleague.credentials();
    expect(colleague.workspaceId).toBe(pilot.workspaceId);
    expect(scopeOf(theirs.object_key_prefix)).not.toBe(scopeOf(sts.object_key_prefix));
    await expect(put(`${theirs.object_key_prefix}/a.jpg`)).rejects.toMatchObject(denied);
    await expect(put(keyed('theirs.jpg').Key, colleague.s3(theirs))).rejects.toMatchObject(denied);
    await put(`${theirs.object_key_prefix}/a.jpg`, colleague.s3(theirs));
  });

  it('cannot read, list or delete, not even their own objects', async () => {
    await s3.send(new PutObjectCommand({ ...keyed('own.jpg'), Body: 'bytes' }));
    for (const command of [
      new GetObjectCommand(keyed('own.jpg')),
      new DeleteObjectCommand(keyed('own.jpg')),
      new ListObjectsV2Command({ Bucket }),
      new ListObjectsV2Command({ Bucket, Prefix: `${sts.object_key_prefix}/` }),
      new ListObjectVersionsCommand({ Bucket }),
      new ListMultipartUploadsCommand({ Bucket }),
      new ListBucketsCommand({}),
      new PutObjectTaggingCommand({ ...keyed('own.jpg'), Tagging: { TagSet: [] } }),
      new PutObjectAclCommand({ ...keyed('own.jpg'), ACL: 'public-read' }),
      new PutBucketPolicyCommand({ Bucket, Policy: '{}' }),
    ]) {
      await expect(s3.send(command as GetObjectCommand), command.constructor.name).rejects.toMatchObject(
        denied,
      );
    }
    const head = s3.send(new HeadObjectCommand(keyed('own.jpg')));
    await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    expect(await exists(keyed('own.jpg').Key)).toBe(true);
  });

  it('can ask for the region of the bucket, as the clients of MinIO do', async () => {
    const { LocationConstraint } = await s3.send(new GetBucketLocationCommand({ Bucket }));
    expect(LocationConstraint).toBe(sts.region);
  });

  it.each([
    ['storage class', { StorageClass: 'DEEP_ARCHIVE' }],
    ['storage class', { StorageClass: 'STANDARD_IA' }],
    ['encryption', { ServerSideEncryption: 'aws:kms' }],
    ['access control', { ACL: 'bucket-owner-full-control' }],
    ['tags', { Tagging: 'a=b' }],
  ] as const)('cannot choose the %s of an object: %j', async (_what, choice) => {
    const upload = { ...keyed('choice.jpg'), ...choice };
    await expect(s3.send(new PutObjectCommand({ ...upload, Body: 'x' }))).rejects.toMatchObject(denied);
    await expect(s3.send(new CreateMultipartUploadCommand(upload))).rejects.toMatchObject(denied);
    expect(await exists(upload.Key)).toBe(false);
  });

  it('can say what is the case anyway', async () => {
    const defaults = { StorageClass: 'STANDARD', ServerSideEncryption: 'AES256' } as const;
    await s3.send(new PutObjectCommand({ ...keyed('defaults.jpg'), ...defaults, Body: 'x' }));
    expect(await exists(keyed('defaults.jpg').Key)).toBe(true);
  });

  it('cannot copy objects of another workspace', async () => {
    const theirs = await foreigner.upload(photo());
    const copy = new CopyObjectCommand({ ...keyed('stolen.jpg'), CopySource: `${Bucket}/${theirs}` });
    await expect(s3.send(copy)).rejects.toMatchObject(denied);
    expect(await exists(keyed('stolen.jpg').Key)).toBe(false);
  });

  it('are invalid with another session token, or without one', async () => {
    const theirs = await foreigner.credentials();
    const { access_key_id, access_key_secret, security_token } = sts.credentials;
    const own = { accessKeyId: access_key_id, secretAccessKey: access_key_secret };
    for (const credentials of [
      own,
      { ...own, sessionToken: theirs.credentials.security_token },
      { ...own, sessionToken: `${security_token}x` },
      { ...own, sessionToken: security_token, secretAccessKey: 'wrong' },
    ]) {
      await expect(put(keyed('forged.jpg').Key, stack.s3({ credentials }))).rejects.toMatchObject({
        name: expect.toBeOneOf(['InvalidAccessKeyId', 'InvalidToken', 'SignatureDoesNotMatch']),
      });
    }
    expect(await exists(keyed('forged.jpg').Key)).toBe(false);
  });

  it('cannot assume a role, nor their own', async () => {
    const { access_key_id, access_key_secret, security_token } = sts.credentials;
    const client = new STSClient({
      endpoint: stack.endpoints.sts,
      region: stack.endpoints.region,
      credentials: {
        accessKeyId: access_key_id,
        secretAccessKey: access_key_secret,
        sessionToken: security_token,
      },
      maxAttempts: 1,
    });
    const attempt = client.send(
      new AssumeRoleCommand({
        RoleArn: 'arn:aws:iam::123456789012:role/upload',
        RoleSessionName: 'more',
        Tags: [{ Key: 'object_key_scope', Value: foreigner.workspaceId }],
      }),
    );
    await expect(attempt).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    client.destroy();
  });
});

describe('multipart', () => {
  const begin = async (name: string) => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(keyed(name)));
    return { ...keyed(name), UploadId };
  };

  it('works with create, parts, list and complete, and the callback is acknowledged', async () => {
    const file = photo('DJI_20240516115533_0007_V.MP4', PART + 1000);
    const upload = await begin(file.name);
    const bodies = [file.bytes.subarray(0, PART), file.bytes.subarray(PART)];
    const parts = await Promise.all(
      bodies.map(async (Body, index) => {
        const PartNumber = index + 1;
        const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
        return { PartNumber, ETag };
      }),
    );
    const { Parts } = await s3.send(new ListPartsCommand(upload));
    expect(Parts?.map(({ Size }) => Size)).toEqual([PART, 1000]);
    const { ETag } = await s3.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }),
    );
    expect(ETag).toMatch(/-2"$/);
    expect((await pilot.report(file, upload.Key)).envelope).toMatchObject({ code: 0 });
    // It is a hit once its bytes have been read, not because the device says what they are.
    const ask = () => pilot.ask('fast-upload', { body: { fingerprint: file.fingerprint } });
    await vi.waitFor(
      async () => expect((await ask()).envelope).toMatchObject({ code: 0, data: { object_key: upload.Key } }),
      { timeout: 20_000, interval: 100 },
    );
  });

  it('can be aborted, and then the callback is refused', async () => {
    const file = photo('aborted.MP4');
    const upload = await begin(file.name);
    await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: file.bytes }));
    expect((await pilot.report(file, upload.Key)).status).toBe(404);
    await s3.send(new AbortMultipartUploadCommand(upload));
    await expect(s3.send(new ListPartsCommand(upload))).rejects.toMatchObject({ name: 'NoSuchUpload' });
    expect((await pilot.report(file, upload.Key)).status).toBe(404);
  });

  it('cannot start, continue, list or end in the prefix of another workspace', async () => {
    const theirs = await foreigner.credentials();
    const client = foreigner.s3(theirs);
    const target = { Bucket, Key: `${theirs.object_key_prefix}/a.MP4` };
    await expect(s3.send(new CreateMultipartUploadCommand(target))).rejects.toMatchObject(denied);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
    const upload = { ...target, UploadId };
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: 'x' }] };
    const attempts = await Promise.allSettled([
      s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' })),
      s3.send(new ListPartsCommand(upload)),
      s3.send(new AbortMultipartUploadCommand(upload)),
      s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload })),
    ]);
    for (const attempt of attempts) expect(attempt).toMatchObject({ status: 'rejected', reason: denied });
    expect((await client.send(new ListPartsCommand(upload))).Parts ?? []).toEqual([]);
  });
});
