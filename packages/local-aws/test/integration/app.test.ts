import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalAws, type LogEntry, startLocalAws } from '../../index.ts';
import { synthesiseStations, type TestAssembly } from '../app/synthesise.ts';

const logged: LogEntry[] = [];
let assembly: TestAssembly;
let aws: LocalAws;

beforeAll(async () => {
  assembly = await synthesiseStations();
  aws = await startLocalAws({
    assembly: assembly.directory,
    log: (entry) => logged.push(entry),
  });
});

afterAll(async () => {
  await aws?.close();
  assembly?.[Symbol.dispose]();
});

/** Settings of a client of the SDK that calls as the administrator. */
const settings = (service: keyof LocalAws['addresses']) => ({
  endpoint: aws.addresses[service] ?? '',
  region: aws.region,
  credentials: aws.root,
  maxAttempts: 1,
});

const output = (name: string): string => aws.outputs[name] ?? '';

const failures = () => logged.filter(({ level }) => level === 'error');

/** A token of a new user. */
async function token(): Promise<string> {
  const cognito = new CognitoIdentityProviderClient(settings('cognito'));
  const user = { UserPoolId: output('UserPoolId'), Username: 'ada' };
  const password = 'Sunny-and-19-degrees';
  await cognito.send(new AdminCreateUserCommand({ ...user, MessageAction: 'SUPPRESS' }));
  await cognito.send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }));
  const { AuthenticationResult } = await cognito.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: output('ClientId'),
      AuthParameters: { USERNAME: 'ada', PASSWORD: password },
    }),
  );
  cognito.destroy();
  return AuthenticationResult?.AccessToken ?? '';
}

const readings = (authorization?: string) =>
  fetch(`${output('ApiUrl')}/stations/roof/readings`, {
    headers: authorization === undefined ? {} : { authorization },
  });

const station = (name: string, password: string): Promise<MqttClient> =>
  mqtt.connectAsync(
    aws.addresses.mqtt ?? '',
    { username: name, password, clientId: name, reconnectPeriod: 0 },
    false,
  );

it('takes a reading from MQTT, through a rule and a function, to the HTTP API', async () => {
  const roof = await station('roof', 'foor');
  const reading = { at: '2026-05-04T09:00:00Z', celsius: 19 };
  await roof.publishAsync('stations/roof/readings', JSON.stringify(reading), { qos: 1 });
  const authorization = `Bearer ${await token()}`;
  await expect
    .poll(async () => (await readings(authorization)).json(), { timeout: 20_000 })
    .toEqual({ reader: 'ada', readings: [{ station: 'roof', ...reading }] });
  await roof.endAsync();

  const s3 = new S3Client({ ...settings('s3'), forcePathStyle: true });
  await s3.send(new PutObjectCommand({ Bucket: output('BucketName'), Key: 'roof/may.txt', Body: 'mild' }));
  s3.destroy();
  await expect
    .poll(async () => (await readings(authorization)).json(), { timeout: 20_000 })
    .toMatchObject({ readings: [{ report: 'roof/may.txt', bytes: 4 }, { celsius: 19 }] });
  expect(failures()).toEqual([]);
});

it('sends the selection of a rule to the queue', async () => {
  const attic = await station('attic', 'citta');
  const reading = { at: '2026-07-04T15:00:00Z', celsius: 44, alarm: 'heat' };
  await attic.publishAsync('stations/attic/readings', JSON.stringify(reading), { qos: 1 });
  await attic.endAsync();
  const sqs = new SQSClient(settings('sqs'));
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: output('HeatUrl'), WaitTimeSeconds: 20 }),
  );
  sqs.destroy();
  expect(Messages?.map(({ Body }) => JSON.parse(Body ?? ''))).toEqual([{ celsius: 44 }]);
});

it('requires a token that the pool has signed', async () => {
  expect((await readings()).status).toBe(401);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const unsigned = `${part({ alg: 'none' })}.${part({ username: 'ada', exp: 4_102_444_800 })}.`;
  expect((await readings(`Bearer ${unsigned}`)).status).toBe(401);
});

it('refuses a station with a wrong password, and messages for another station', async () => {
  await expect(station('roof', 'wrong')).rejects.toThrow('Not authorized');
  const cellar = await station('cellar', 'rallec');
  const closed = new Promise<void>((resolve) => cellar.once('close', () => resolve()));
  cellar.on('error', () => {});
  cellar.publish('stations/roof/readings', '{"at":"never","celsius":0}', { qos: 1 });
  await closed;
});

it('denies a function all actions that its role does not allow', async () => {
  const answer = await fetch(`${aws.addresses.api}/overreach`, { method: 'POST' });
  expect(await answer.json()).toEqual({
    PutItem: 'AccessDeniedException',
    PutEvents: 'AccessDeniedException',
    GetItem: 'AccessDeniedException',
    PutObject: 'AccessDenied',
    GetObject: 'AccessDenied',
    SendMessage: 'AccessDeniedException',
    ReceiveMessage: 'AccessDeniedException',
    ListUsers: 'AccessDeniedException',
    ListSecrets: 'NotImplemented',
  });
});

it('denies requests without a valid key, and roles to callers that they do not trust', async () => {
  const stranger = { accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'x'.repeat(40) };
  const database = new DynamoDBClient({ ...settings('dynamodb'), credentials: stranger });
  const Item = { station: { S: 'roof' }, at: { S: 'now' } };
  await expect(
    database.send(new PutItemCommand({ TableName: output('TableName'), Item })),
  ).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  database.destroy();
  const sts = new STSClient(settings('sts'));
  const role = { RoleArn: output('OverreachRole'), RoleSessionName: 'me' };
  await expect(sts.send(new AssumeRoleCommand(role))).rejects.toMatchObject({ name: 'AccessDenied' });
  sts.destroy();
});

it('refuses services that are not in the template, by name', async () => {
  const { call, addresses } = aws;
  expect(addresses.secretsmanager).toBeUndefined();
  await expect(call('secretsmanager', 'ListSecrets', {})).rejects.toThrow('secretsmanager');
  const answer = await fetch(addresses.other ?? '', {
    method: 'POST',
    headers: {
      'x-amz-target': 'Kinesis_20131202.ListStreams',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIA/20260504/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
    },
  });
  expect([answer.status, await answer.json()]).toEqual([
    501,
    { __type: 'NotImplemented', message: expect.stringContaining('kinesis') },
  ]);
});
