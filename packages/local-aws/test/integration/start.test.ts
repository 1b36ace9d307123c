import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { CfnCluster, CfnService } from 'aws-cdk-lib/aws-ecs';
import { Code, Function as LambdaFn, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CfnOutput, CfnParameter, SecretValue, Stack } from 'aws-cdk-lib/core';
import { afterAll, expect, it } from 'vitest';
import { type LocalAwsOptions, type LogEntry, portsFrom, startLocalAws } from '../../index.ts';
import { synthesise } from '../app/synthesise.ts';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'local-aws-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The assembly of an app whose only stack holds what `add` puts into it. */
function assembly(name: string, add: (stack: Stack) => void): string {
  const directory = join(folder, name);
  mkdirSync(directory, { recursive: true });
  return synthesise(directory, (app) => add(new Stack(app, 'Small'))).directory;
}

/** An app with a bucket, and outputs that tell of the account. */
const withBucket = assembly('bucket', (stack) => {
  const bucket = new Bucket(stack, 'Bucket');
  const greeting = new CfnParameter(stack, 'Greeting', { default: 'good morning' });
  new CfnOutput(stack, 'BucketName', { value: bucket.bucketName });
  new CfnOutput(stack, 'GreetingText', { value: greeting.valueAsString });
  new CfnOutput(stack, 'Region', { value: stack.region });
  new CfnOutput(stack, 'Account', { value: stack.account });
});

it('starts the services in the template, STS and EventBridge, and no others', async () => {
  await using aws = await startLocalAws({ assembly: withBucket });
  expect(Object.keys(aws.addresses).sort()).toEqual(['eventbridge', 'other', 's3', 'sts']);
});

it('runs an empty app', async () => {
  await using aws = await startLocalAws({ assembly: assembly('empty', () => {}) });
  expect(Object.keys(aws.addresses).sort()).toEqual(['eventbridge', 'other', 'sts']);
  expect(aws.outputs).toEqual({});
});

it('says which containers do not run', async () => {
  const lines: LogEntry[] = [];
  await using _aws = await startLocalAws({
    assembly: assembly('containers', (stack) => {
      const cluster = new CfnCluster(stack, 'Cluster');
      new CfnService(stack, 'Broker', { cluster: cluster.ref, taskDefinition: 'broker' });
    }),
    log: (entry) => lines.push(entry),
  });
  expect(lines).toEqual([{ source: 'ecs', line: 'Broker: containers do not run here' }]);
});

it('uses region, account and parameters of the caller', async () => {
  await using aws = await startLocalAws({
    assembly: withBucket,
    region: 'eu-west-1',
    accountId: '111122223333',
    parameters: { Greeting: 'good evening' },
  });
  expect(aws).toMatchObject({ region: 'eu-west-1', accountId: '111122223333', stackName: 'Small' });
  expect(aws.outputs).toMatchObject({
    Region: 'eu-west-1',
    Account: '111122223333',
    GreetingText: 'good evening',
  });
});

it('uses one of several stacks by its name', async () => {
  const directory = join(folder, 'several');
  mkdirSync(directory);
  const several = synthesise(directory, (app) => {
    new Bucket(new Stack(app, 'First'), 'Bucket');
    new CfnOutput(new Stack(app, 'Second'), 'Which', { value: 'the second' });
  });
  await using aws = await startLocalAws({ assembly: several.directory, stackName: 'Second' });
  expect(aws.outputs).toEqual({ Which: 'the second' });
  await expect(startLocalAws({ assembly: several.directory })).rejects.toThrow(
    'the assembly has First, Second',
  );
});

it('keeps names, credentials and data after a restart, readable by their owner only', async () => {
  const data = join(folder, 'kept');
  const start = () =>
    startLocalAws({
      assembly: assembly('secret', (stack) => {
        const secret = new Secret(stack, 'Secret', {
          secretStringValue: SecretValue.unsafePlainText('first'),
        });
        new CfnOutput(stack, 'Arn', { value: secret.secretArn });
      }),
      data,
    });
  const before = await start();
  const SecretId = before.outputs['Arn'];
  await before.call('secretsmanager', 'PutSecretValue', { SecretId, SecretString: 'second' });
  await before.close();
  await using after = await start();
  expect([after.root, after.outputs, after.dataDirectory]).toEqual([before.root, before.outputs, data]);
  expect(await after.call('secretsmanager', 'GetSecretValue', { SecretId })).toMatchObject({
    SecretString: 'second',
  });
  expect(statSync(join(data, 'root.json')).mode & 0o777).toBe(0o600);
});

it('deletes its data at the end without a data folder', async () => {
  const aws = await startLocalAws({ assembly: withBucket });
  expect(existsSync(aws.dataDirectory)).toBe(true);
  await aws.close();
  expect(existsSync(aws.dataDirectory)).toBe(false);
});

it('adds variables of the caller to functions, with the addresses', async () => {
  const bundle = join(folder, 'environment');
  mkdirSync(bundle);
  writeFileSync(
    join(bundle, 'index.mjs'),
    'export const handler = async () => ({ own: process.env.OWN, given: process.env.GIVEN });',
  );
  const directory = assembly('environment-app', (stack) => {
    const fn = new LambdaFn(stack, 'Function', {
      code: Code.fromAsset(bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      environment: { OWN: 'of the template', GIVEN: '' },
    });
    new HttpApi(stack, 'Api', { defaultIntegration: new HttpLambdaIntegration('Function', fn) });
  });
  await using aws = await startLocalAws({
    assembly: directory,
    environmentOf: ({ environment }, { api = '' }) => ('GIVEN' in environment ? { GIVEN: api } : {}),
  });
  const answer = await fetch(aws.addresses.api ?? '');
  expect(await answer.json()).toEqual({ own: 'of the template', given: aws.addresses.api });
});

it('gives functions other addresses of services when it is told to, with queues', async () => {
  const bundle = join(folder, 'proxies');
  mkdirSync(bundle);
  writeFileSync(
    join(bundle, 'index.mjs'),
    'export const handler = async () => [process.env.AWS_ENDPOINT_URL_S3, process.env.AWS_ENDPOINT_URL_SQS, process.env.QUEUE_URL, process.env.AWS_ENDPOINT_URL_STS];',
  );
  const directory = assembly('proxies-app', (stack) => {
    new Bucket(stack, 'Bucket');
    const queue = new Queue(stack, 'Queue');
    const fn = new LambdaFn(stack, 'Function', {
      code: Code.fromAsset(bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      environment: { QUEUE_URL: queue.queueUrl },
    });
    new HttpApi(stack, 'Api', { defaultIntegration: new HttpLambdaIntegration('Function', fn) });
    new CfnOutput(stack, 'QueueName', { value: queue.queueName });
  });
  await using aws = await startLocalAws({
    assembly: directory,
    addressesForFunctions: (addresses) => ({
      ...addresses,
      s3: 'http://127.0.0.1:1',
      sqs: 'http://127.0.0.1:2',
    }),
  });
  const answer = await fetch(aws.addresses.api ?? '');
  expect(await answer.json()).toEqual([
    'http://127.0.0.1:1',
    'http://127.0.0.1:2',
    `http://127.0.0.1:2/123456789012/${aws.outputs['QueueName']}`,
    aws.addresses.sts,
  ]);
});

it.each<[what: string, add: (stack: Stack) => void, message: string]>([
  [
    'a second HTTP API',
    (stack) => {
      new HttpApi(stack, 'One');
      new HttpApi(stack, 'Two');
    },
    'one HTTP API',
  ],
  [
    'a custom resource',
    (stack) => new Bucket(stack, 'Bucket', { eventBridgeEnabled: true }),
    'does not support the resource type Custom::S3BucketNotifications',
  ],
])('refuses %s, and leaves nothing', async (what, add, message) => {
  const data = join(folder, what);
  const options: LocalAwsOptions = { assembly: assembly(`${what} app`, add), data };
  await expect(startLocalAws(options)).rejects.toThrow(message);
  // The folder is free again.
  await expect(startLocalAws(options)).rejects.toThrow(message);
});

it('reports who uses the data folder', async () => {
  const data = join(folder, 'taken');
  await using first = await startLocalAws({ assembly: withBucket, data });
  await expect(startLocalAws({ assembly: withBucket, data })).rejects.toMatchObject({
    name: 'StartError',
    code: 'data-in-use',
    message: `The data folder ${data} is in use by process ${process.pid} (${first.addresses.s3})`,
  });
});

it('has consecutive ports for the services', () => {
  expect(portsFrom(9700)).toMatchObject({ api: 9700, s3: 9701 });
  expect(portsFrom(0)).toEqual({});
});

it('needs the assembly only when folder and ports are free', async () => {
  const blocker = createServer();
  const port = await new Promise<number>((resolve) => {
    blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as { port: number }).port));
  });
  let asked = 0;
  // One port alone: those next to a free one may be anybody's.
  const start = () =>
    startLocalAws({
      assembly: async () => {
        asked += 1;
        return withBucket;
      },
      ports: { s3: port },
    });
  await expect(start()).rejects.toMatchObject({
    code: 'port-unavailable',
    message: `Port ${port} (S3) is in use by another program`,
  });
  expect(asked).toBe(0);
  await new Promise((resolve) => blocker.close(resolve));
  await using aws = await start();
  expect([asked, aws.addresses.s3]).toEqual([1, `http://127.0.0.1:${port}`]);
});

it('reports that the data folder cannot be created', async () => {
  const file = join(folder, 'bucket', 'cdk.out', 'manifest.json');
  expect(readFileSync(file, 'utf8')).toContain('Small');
  await expect(startLocalAws({ assembly: withBucket, data: join(file, 'data') })).rejects.toMatchObject({
    code: 'data-unusable',
  });
});
