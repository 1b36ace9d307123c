import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { CfnQueue, CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import { CfnOutput, Stack } from 'aws-cdk-lib/core';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type LocalAws, type LocalAwsOptions, startLocalAws } from '../../index.ts';
import { synthesise } from '../app/synthesise.ts';

const BUCKET = 'media';
const BUCKET_ARN = `arn:aws:s3:::${BUCKET}`;
const ACCOUNT = '123456789012';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'local-aws-notifications-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cleanUps: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

type QueueConfiguration = CfnBucket.QueueConfigurationProperty;

interface Setup {
  /** How the queue is told. @default everything that is created or removed */
  readonly configurations?: readonly Omit<QueueConfiguration, 'queue'>[];
  /** Conditions of the queue's policy. False for a queue without a policy. @default by bucket and account */
  readonly conditions?: Record<string, Record<string, string>> | false;
  readonly principal?: string;
  readonly versioned?: boolean;
}

const EVERYTHING = [{ event: 's3:ObjectCreated:*' }, { event: 's3:ObjectRemoved:*' }];
const OF_BUCKET = {
  ArnLike: { 'aws:SourceArn': BUCKET_ARN },
  StringEquals: { 'aws:SourceAccount': ACCOUNT },
};

/** An app with a bucket that tells a queue. */
function assembly(
  name: string,
  {
    configurations = EVERYTHING,
    conditions = OF_BUCKET,
    principal = 's3.amazonaws.com',
    versioned = true,
  }: Setup = {},
): string {
  const directory = join(folder, name);
  mkdirSync(directory, { recursive: true });
  return synthesise(directory, (app) => {
    const stack = new Stack(app, 'Small');
    const queue = new CfnQueue(stack, 'Queue');
    if (conditions !== false) {
      const statement = new PolicyStatement({
        effect: Effect.ALLOW,
        principals: [new ServicePrincipal(principal)],
        actions: ['sqs:SendMessage'],
        resources: [queue.attrArn],
        conditions,
      });
      new CfnQueuePolicy(stack, 'QueuePolicy', {
        queues: [queue.ref],
        policyDocument: { Version: '2012-10-17', Statement: [statement.toStatementJson()] },
      });
    }
    new CfnBucket(stack, 'Bucket', {
      bucketName: BUCKET,
      ...(versioned && { versioningConfiguration: { status: 'Enabled' } }),
      notificationConfiguration: {
        queueConfigurations: configurations.map((configuration) => ({
          ...configuration,
          queue: queue.attrArn,
        })),
      },
    });
    new CfnOutput(stack, 'QueueUrl', { value: queue.ref });
  }).directory;
}

type Running = Pick<LocalAws, 'addresses' | 'outputs' | 'region' | 'root'>;

async function start(name: string, setup?: Setup, options: Partial<LocalAwsOptions> = {}) {
  const aws = await startLocalAws({ assembly: assembly(name, setup), ...options });
  cleanUps.push(() => aws.close());
  return { aws, s3: s3Of(aws) };
}

function s3Of({ addresses, region, root }: Running): S3Client {
  const client = new S3Client({
    endpoint: addresses.s3 ?? '',
    region,
    credentials: root,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  cleanUps.push(() => client.destroy());
  return client;
}

interface S3Record {
  readonly eventName: string;
  readonly eventTime: string;
  readonly s3: {
    readonly configurationId: string;
    readonly object: {
      readonly key: string;
      readonly versionId?: string;
      readonly eTag?: string;
      readonly size?: number;
      readonly sequencer: string;
    };
  };
}
type Notification = { readonly Records: readonly [S3Record] } | { readonly Event: 's3:TestEvent' };

/** Takes every message out of the queue. */
async function receiveAll({ call, outputs }: Pick<LocalAws, 'call' | 'outputs'>): Promise<Notification[]> {
  const QueueUrl = outputs['QueueUrl'];
  const taken: Notification[] = [];
  for (;;) {
    const answer = await call('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
    const { Messages = [] } = answer as { Messages?: { Body: string; ReceiptHandle: string }[] };
    if (Messages.length === 0) return taken;
    for (const { Body, ReceiptHandle } of Messages) {
      taken.push(JSON.parse(Body) as Notification);
      await call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
    }
  }
}

const recordsOf = (notifications: readonly Notification[]): S3Record[] =>
  notifications.flatMap((notification) => ('Records' in notification ? notification.Records : []));
const records = async (aws: Pick<LocalAws, 'call' | 'outputs'>) => recordsOf(await receiveAll(aws));
const put = (s3: S3Client, Key: string, Body = 'bytes') =>
  s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
const remove = (s3: S3Client, Key: string, VersionId?: string) =>
  s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key, VersionId }));

describe('a bucket with notifications', () => {
  it("sends a test event first, and then changes in S3's form", async () => {
    const { aws, s3 } = await start('words');
    const { VersionId } = await put(s3, 'a b/ü+(1)~.jpg');
    const [test, ...others] = await receiveAll(aws);
    expect(test).toEqual({
      Service: 'Amazon S3',
      Event: 's3:TestEvent',
      Time: expect.stringMatching(/^\d{4}-.*Z$/),
      Bucket: BUCKET,
      RequestId: expect.any(String),
      HostId: expect.any(String),
    });
    expect(others).toEqual([
      {
        Records: [
          {
            eventVersion: '2.1',
            eventSource: 'aws:s3',
            awsRegion: aws.region,
            eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
            eventName: 'ObjectCreated:Put',
            userIdentity: { principalId: `AWS:${ACCOUNT}` },
            requestParameters: { sourceIPAddress: '127.0.0.1' },
            responseElements: {
              'x-amz-request-id': expect.any(String),
              'x-amz-id-2': expect.any(String),
            },
            s3: {
              s3SchemaVersion: '1.0',
              configurationId: expect.any(String),
              bucket: { name: BUCKET, ownerIdentity: { principalId: ACCOUNT }, arn: BUCKET_ARN },
              object: {
                key: 'a+b/%C3%BC%2B%281%29%7E.jpg',
                size: 5,
                eTag: '4b3a6218bb3e3a7303e8a171a60fcf92',
                versionId: VersionId,
                sequencer: expect.stringMatching(/^[0-9A-F]{16}$/),
              },
            },
          },
        ],
      },
    ]);
  });

  it('reports copies, completed uploads and removals', async () => {
    const { aws, s3 } = await start('kinds');
    const first = await put(s3, 'first');
    await s3.send(new CopyObjectCommand({ Bucket: BUCKET, Key: 'copy', CopySource: `${BUCKET}/first` }));
    const upload = { Bucket: BUCKET, Key: 'parts' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload));
    const part = await s3.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'part' }));
    const Parts = [{ PartNumber: 1, ETag: part.ETag }];
    await s3.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts } }));
    const marker = await remove(s3, 'first');
    await remove(s3, 'first', marker.VersionId);
    await remove(s3, 'first', first.VersionId);
    await remove(s3, 'first', first.VersionId);

    const told = await records(aws);
    expect(told.map(({ eventName, s3: { object } }) => [eventName, object.key, object.versionId])).toEqual([
      ['ObjectCreated:Put', 'first', first.VersionId],
      ['ObjectCreated:Copy', 'copy', expect.any(String)],
      ['ObjectCreated:CompleteMultipartUpload', 'parts', expect.any(String)],
      ['ObjectRemoved:DeleteMarkerCreated', 'first', marker.VersionId],
      ['ObjectRemoved:Delete', 'first', marker.VersionId],
      ['ObjectRemoved:Delete', 'first', first.VersionId],
    ]);
    expect(told[2]?.s3.object.eTag).toMatch(/^[0-9a-f]{32}-1$/);
    expect(told[3]?.s3.object).toMatchObject({ eTag: 'd41d8cd98f00b204e9800998ecf8427e' });
    expect(Object.keys(told[5]?.s3.object ?? {})).toEqual(['key', 'versionId', 'sequencer']);
    const sequencers = told.map(({ s3: { object } }) => object.sequencer);
    expect(sequencers).toEqual([...sequencers].sort());
    expect(new Set(sequencers).size).toBe(sequencers.length);
  });

  it('reports no version id when it has no versions', async () => {
    const { aws, s3 } = await start('plain', { versioned: false });
    await put(s3, 'file');
    await remove(s3, 'file');
    await remove(s3, 'file');
    const told = await records(aws);
    expect(told.map(({ eventName, s3: { object } }) => [eventName, object.versionId])).toEqual([
      ['ObjectCreated:Put', undefined],
      ['ObjectRemoved:Delete', undefined],
    ]);
  });

  it('reports only the event types and keys of a configuration', async () => {
    const rules = (prefix: string, suffix: string) => ({
      s3Key: {
        rules: [
          { name: 'prefix', value: prefix },
          { name: 'Suffix', value: suffix },
        ],
      },
    });
    const { aws, s3 } = await start('filters', {
      configurations: [
        { event: 's3:ObjectCreated:Put', filter: rules('in/', '.jpg') },
        { event: 's3:ObjectCreated:Copy', filter: rules('in/', '.png') },
        { event: 's3:LifecycleExpiration:*' },
      ],
    });
    for (const key of ['in/1.jpg', 'in/1.png', 'out/1.jpg', 'in/.jpg']) await put(s3, key);
    const CopySource = `${BUCKET}/in/1.jpg`;
    for (const Key of ['in/2.jpg', 'in/2.png']) {
      await s3.send(new CopyObjectCommand({ Bucket: BUCKET, Key, CopySource }));
    }
    await remove(s3, 'in/1.jpg');
    const told = await records(aws);
    expect(told.map(({ s3: { object } }) => object.key)).toEqual(['in/1.jpg', 'in/.jpg', 'in/2.png']);
    expect(told[0]?.s3.configurationId).toBe(told[1]?.s3.configurationId);
    expect(told[0]?.s3.configurationId).not.toBe(told[2]?.s3.configurationId);
  });

  it('can send twice and late in a test', async () => {
    const { aws, s3 } = await start('twice', undefined, {
      timeScales: { delay: 0.01 },
      notificationDeliveries: ({ event }) =>
        event.key === 'twice' ? [{ delayInSeconds: 0 }, { delayInSeconds: 30 }] : [{ delayInSeconds: 0 }],
    });
    await put(s3, 'twice');
    await put(s3, 'once');
    const told: string[] = [];
    await expect
      .poll(async () => {
        told.push(...(await records(aws)).map(({ s3: { object } }) => object.key));
        return told;
      })
      .toEqual(['twice', 'once', 'twice']);
  });
});

describe('a queue', () => {
  const refused = 'Unable to validate the following destination configurations';

  it.each([
    ['without a policy', { conditions: false }],
    [
      'that takes messages for another bucket',
      { conditions: { ArnLike: { 'aws:SourceArn': `${BUCKET_ARN}2` } } },
    ],
    [
      'that takes messages for another account',
      { conditions: { StringEquals: { 'aws:SourceAccount': '111122223333' } } },
    ],
    ['that takes messages of another service', { principal: 'sns.amazonaws.com', conditions: {} }],
  ] as const)('%s is refused at the start', async (name, setup) => {
    await expect(start(name.replaceAll(' ', '-'), setup)).rejects.toThrow(refused);
  });

  it('may accept messages of S3 for any bucket', async () => {
    const { aws, s3 } = await start('whatever', { conditions: {} });
    await put(s3, 'file');
    expect(await records(aws)).toHaveLength(1);
  });
});

describe('a start with the same data', () => {
  it('sends a test event only when the configuration has changed', async () => {
    const data = join(folder, 'data-again');
    const tests = async (name: string, setup?: Setup): Promise<number> => {
      await using aws = await startLocalAws({ assembly: assembly(name, setup), data });
      await put(s3Of(aws), 'file');
      const all = await receiveAll(aws);
      return all.length - recordsOf(all).length;
    };
    expect(await tests('again')).toBe(1);
    expect(await tests('again')).toBe(0);
    expect(await tests('again-other', { configurations: [{ event: 's3:ObjectCreated:Put' }] })).toBe(1);
  });
});

describe('a killed process', () => {
  async function startProcess(name: string, data: string, ...refusal: string[]) {
    const child = fork(join(import.meta.dirname, 'notifications-process.ts'), [
      assembly(name),
      data,
      ...refusal,
    ]);
    cleanUps.push(() => child.kill('SIGKILL'));
    const [running] = (await once(child, 'message')) as [Running];
    return { child, s3: s3Of(running) };
  }
  const killed = async (child: ChildProcess): Promise<void> => {
    if (child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };

  it('sends undelivered notifications at its next start', async () => {
    const data = join(folder, 'data-refused');
    const { child, s3 } = await startProcess('refused', data, 'no queue takes anything');
    const kept = await put(s3, 'kept');
    const gone = await put(s3, 'gone');
    await remove(s3, 'gone', gone.VersionId);
    const marker = await remove(s3, 'kept');
    await killed(child);

    const { aws } = await start('refused', undefined, { data });
    const told: unknown[] = [];
    const take = async () => {
      for (const {
        eventName,
        s3: { object },
      } of await records(aws))
        told.push([eventName, object.versionId]);
      return told;
    };
    const all = [
      ['ObjectCreated:Put', kept.VersionId],
      ['ObjectCreated:Put', gone.VersionId],
      ['ObjectRemoved:Delete', gone.VersionId],
      ['ObjectRemoved:DeleteMarkerCreated', marker.VersionId],
    ];
    await expect.poll(take).toEqual(all);
    await aws.close();

    const again = await start('refused', undefined, { data });
    await put(again.s3, 'last');
    expect((await records(again.aws)).map(({ s3: { object } }) => object.key)).toEqual(['last']);
  });

  it('sends a notification for everything in its bucket, wherever it was killed', async () => {
    const data = join(folder, 'data-midway');
    const { child, s3 } = await startProcess('midway', data);
    const answered: string[] = [];
    const puts = Array.from({ length: 60 }, async (_, index) => {
      const { VersionId = '' } = await put(s3, `file-${index}`);
      answered.push(VersionId);
      if (answered.length === 20) child.kill('SIGKILL');
    });
    await Promise.allSettled(puts);
    await killed(child);
    expect(answered.length).toBeGreaterThanOrEqual(20);

    const next = await start('midway', undefined, { data });
    const told = new Set<string | undefined>();
    const { Versions = [] } = await next.s3.send(new ListObjectVersionsCommand({ Bucket: BUCKET }));
    const stored = Versions.map(({ VersionId }) => VersionId);
    expect(stored).toEqual(expect.arrayContaining(answered));
    await expect
      .poll(async () => {
        for (const {
          s3: { object },
        } of await records(next.aws))
          told.add(object.versionId);
        return [...told].sort();
      })
      .toEqual([...stored].sort());
  });
});
