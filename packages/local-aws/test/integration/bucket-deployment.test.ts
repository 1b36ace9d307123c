import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Effect, PolicyStatement, ServicePrincipal, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFn, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import {
  BucketDeployment,
  type BucketDeploymentProps,
  CacheControl,
  Source,
} from 'aws-cdk-lib/aws-s3-deployment';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CfnOutput, Stack } from 'aws-cdk-lib/core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../../index.ts';
import { synthesise } from '../app/synthesise.ts';

const root = mkdtempSync(join(realpathSync(tmpdir()), 'local-aws-deployment-'));
afterAll(() => rmSync(root, { recursive: true }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'test-'));
});

interface Setup {
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly deployment?: Partial<BucketDeploymentProps>;
  readonly add?: (stack: Stack, bucket: IBucket) => void;
}

/** An app that puts these files into a bucket. */
function assembly({ files = { 'index.html': 'hello' }, deployment, add }: Setup = {}): string {
  const source = mkdtempSync(join(folder, 'files-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(source, name, '..'), { recursive: true });
    writeFileSync(join(source, name), content);
  }
  return synthesise(mkdtempSync(join(folder, 'app-')), (app) => {
    const stack = new Stack(app, 'Small');
    const bucket = new Bucket(stack, 'Bucket') as IBucket;
    new CfnOutput(stack, 'BucketName', { value: bucket.bucketName });
    new BucketDeployment(stack, 'Deployment', {
      sources: [Source.asset(source)],
      destinationBucket: bucket,
      ...deployment,
    });
    add?.(stack, bucket);
  }).directory;
}

async function start(setup?: Setup) {
  const aws = await startLocalAws({ assembly: assembly(setup), data: join(folder, 'data') });
  const s3 = new S3Client({
    endpoint: aws.addresses.s3 ?? '',
    region: aws.region,
    credentials: aws.root,
    forcePathStyle: true,
  });
  const Bucket = aws.outputs['BucketName'];
  return {
    aws,
    keys: async () => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
      return Contents.map(({ Key }) => Key);
    },
    head: (Key: string) => s3.send(new HeadObjectCommand({ Bucket, Key })),
    text: async (Key: string) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return Body?.transformToString();
    },
    put: (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body })),
    remove: (Key: string) => s3.send(new DeleteObjectCommand({ Bucket, Key })),
    async [Symbol.asyncDispose]() {
      s3.destroy();
      await aws.close();
    },
  };
}

const localAddresses = ({ addresses }: LocalAws) => addresses;

describe('a bucket deployment', () => {
  it('has its files in the bucket once the start is done, with content types and metadata', async () => {
    await using site = await start({
      files: {
        'index.html': 'hello',
        'assets/app.js': '1',
        'assets/app.js.gz': '2',
        'assets/font.woff2': '3',
        'a b/ü+&.txt': '4',
      },
      deployment: {
        destinationKeyPrefix: 'pages',
        cacheControl: [CacheControl.noCache()],
        metadata: { build: '7' },
      },
    });
    expect(await site.keys()).toEqual([
      'pages/a b/ü+&.txt',
      'pages/assets/app.js',
      'pages/assets/app.js.gz',
      'pages/assets/font.woff2',
      'pages/index.html',
    ]);
    expect(await site.text('pages/a b/ü+&.txt')).toBe('4');
    const types = await Promise.all(
      ['index.html', 'assets/app.js', 'assets/app.js.gz', 'assets/font.woff2'].map(
        async (name) => (await site.head(`pages/${name}`)).ContentType,
      ),
    );
    // The last one is what the AWS CLI makes of a font, and S3 of no type.
    expect(types).toEqual(['text/html', 'text/javascript', 'text/javascript', 'binary/octet-stream']);
    expect(await site.head('pages/index.html')).toMatchObject({
      CacheControl: 'no-cache',
      Metadata: { build: '7' },
    });
  });

  it('writes addresses of this machine into files that tell those of the deployment', async () => {
    const binary = Buffer.from([0, 255, 254, 10, 13, 128]);
    await using site = await start({
      files: { 'logo.bin': binary },
      add: (stack, bucket) => {
        const queue = new Queue(stack, 'Queue');
        new BucketDeployment(stack, 'Settings', {
          sources: [
            Source.jsonData('settings.json', { queue: queue.queueUrl, name: `"${queue.queueName}"` }),
            Source.data('plain.txt', `<${queue.queueUrl}>`),
          ],
          destinationBucket: bucket,
          prune: false,
        });
      },
    });
    const { sqs = '' } = localAddresses(site.aws);
    expect(JSON.parse((await site.text('settings.json')) ?? '')).toEqual({
      queue: expect.stringMatching(`^${sqs}/\\d+/`),
      name: expect.stringMatching(/^".+"$/),
    });
    expect(await site.text('plain.txt')).toMatch(new RegExp(`^<${sqs}/.*>$`));
    expect((await site.head('logo.bin')).ContentLength).toBe(binary.length);
  });

  it('takes away what it no longer has, under its prefix only, and nothing that it leaves out', async () => {
    const deployment = { destinationKeyPrefix: 'pages', exclude: ['*.log'], include: ['kept.log'] };
    const before = { 'index.html': '1', 'old.html': '2', 'a.log': '3', 'kept.log': '4' };
    {
      await using site = await start({ files: before, deployment });
      expect(await site.keys()).toEqual(['pages/index.html', 'pages/kept.log', 'pages/old.html']);
      await site.put('pages/own.log', 'of somebody else');
      await site.put('other/old.html', 'of somebody else');
    }
    await using site = await start({ files: { 'index.html': 'new' }, deployment });
    expect(await site.keys()).toEqual(['other/old.html', 'pages/index.html', 'pages/own.log']);
    expect(await site.text('pages/index.html')).toBe('new');
  });

  it('takes nothing away without pruning', async () => {
    await (await start({ deployment: { prune: false } }))[Symbol.asyncDispose]();
    await using site = await start({ files: { 'other.html': '' }, deployment: { prune: false } });
    expect(await site.keys()).toEqual(['index.html', 'other.html']);
  });

  it('is done again only when it has changed', async () => {
    {
      await using site = await start();
      await site.put('index.html', 'changed by hand');
    }
    {
      await using site = await start();
      expect(await site.text('index.html')).toBe('changed by hand');
    }
    await using site = await start({ deployment: { cacheControl: [CacheControl.noCache()] } });
    expect(await site.text('index.html')).toBe('hello');
  });

  it('fails the start when its role may not write, and says so', async () => {
    const add = (_stack: Stack, bucket: IBucket) => {
      bucket.addToResourcePolicy(
        new PolicyStatement({
          effect: Effect.DENY,
          principals: [new StarPrincipal()],
          actions: ['s3:PutObject'],
          resources: [bucket.arnForObjects('*')],
        }),
      );
    };
    await expect(start({ add })).rejects.toThrow(
      /^The bucket deployment Deployment.* failed: S3 refused PUT .*index\.html: AccessDenied$/,
    );
  });

  it('is refused for what the local AWS does not do: archives, storage classes', async () => {
    const archive = join(folder, 'files.zip');
    writeFileSync(archive, 'PK');
    await expect(start({ deployment: { sources: [Source.asset(archive)] } })).rejects.toThrow(
      'deploys folders, and',
    );
    await expect(start({ deployment: { websiteRedirectLocation: '/x' } })).rejects.toThrow(
      'does not support the system metadata website-redirect',
    );
    await expect(start({ deployment: { signContent: true } })).rejects.toThrow('SignContent');
  });
});

it('refuses layers of every other function', async () => {
  const code = join(folder, 'code');
  mkdirSync(code);
  writeFileSync(join(code, 'index.mjs'), 'export const handler = () => 1;');
  const add = (stack: Stack) => {
    new LambdaFn(stack, 'Function', {
      code: Code.fromAsset(code),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      layers: [new LayerVersion(stack, 'Layer', { code: Code.fromAsset(code) })],
    }).addPermission('Any', { principal: new ServicePrincipal('events.amazonaws.com') });
  };
  await expect(start({ add })).rejects.toThrow('supports no layers');
});
