import { randomUUID } from 'node:crypto';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import {
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  DeleteMessageCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { gatewayTopologyKey } from '../../functions/adapters/media-table-keys.ts';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import { type Dock, DockStack, report } from './dock-fixture.ts';
import { photo } from './stack-fixture.ts';

let stack: DockStack;
let dock: Dock;

beforeAll(async () => {
  stack = await DockStack.start();
  dock = await stack.dock(0);
  // The fixture looks for secrets in a log that HTTP requests have written to.
  await stack.pilotOf(dock);
});
afterAll(() => stack?.close());

const DEADLINE = { timeout: 30_000, interval: 50 };

/** A record of a failed event, as Lambda writes it. */
interface FailureRecord {
  readonly requestContext: { readonly functionArn: string; readonly approximateInvokeCount: number };
  readonly requestPayload: { readonly gateway_sn: string; readonly payload: string };
  readonly responsePayload: { readonly errorMessage: string };
}

/** Takes one record out of the queue of events that a function failed at. */
async function takeUnhandled(): Promise<FailureRecord> {
  const { sqs: endpoint, region, root } = stack.endpoints;
  const credentials = { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key };
  const sqs = new SQSClient({ endpoint, region, credentials });
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  const queues = QueueUrls.filter((url) => /unhandled/i.test(url));
  expect(queues).toHaveLength(1);
  const queue = { QueueUrl: queues[0] };
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ ...queue, WaitTimeSeconds: 20 }));
  const [message] = Messages ?? [];
  if (!message?.Body) throw new Error('Nothing is in the queue');
  await sqs.send(new DeleteMessageCommand({ ...queue, ReceiptHandle: message.ReceiptHandle }));
  sqs.destroy();
  return JSON.parse(message.Body);
}

const messageOf = ({ requestPayload }: FailureRecord) =>
  JSON.parse(Buffer.from(requestPayload.payload, 'base64').toString());

/** Fills the secret of dock settings. */
async function putSettings(SecretString: string): Promise<void> {
  const { secretsmanager: endpoint, region, root } = stack.endpoints;
  const credentials = { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key };
  const client = new SecretsManagerClient({ endpoint, region, credentials });
  const secrets = await client.send(new ListSecretsCommand({}));
  const SecretId = secrets.SecretList?.[0]?.ARN;
  await client.send(new PutSecretValueCommand({ SecretId, SecretString }));
  client.destroy();
}

/** A message that fails in every attempt. */
const config = randomUUID();

it('settings that cannot be read fail in every attempt', async () => {
  const hush = 'key-of-somebody';
  stack.stack.secrets.add(hush);
  await putSettings(`app_key=${hush}`);
  expect((await dock.ask('requests', 'config', {}, { tid: config })).data).toEqual({ result: 500 });
  await stack.logged(
    {
      message: 'failed',
      error: expect.objectContaining({ message: 'The secret of dock settings is not JSON' }),
    },
    3,
  );
});

it('missing settings are refused, with their names in the log, and not retried', async () => {
  const hush = 'the-licence-of-somebody';
  stack.stack.secrets.add(hush);
  await putSettings(JSON.stringify({ ntp_server_host: 'time.aws.com', app_key: hush, app_license: hush }));
  expect((await dock.ask('requests', 'config', {})).data).toEqual({ result: 503 });
  await stack.logged({
    message: 'failed',
    error: expect.objectContaining({ message: 'The secret of dock settings lacks app_id' }),
  });
  await putSettings(JSON.stringify({ ntp_server_host: 'h', app_id: '1', app_key: hush, app_license: hush }));
  expect((await dock.ask('requests', 'config', {})).data).toMatchObject({
    app_id: '1',
    ntp_server_port: 123,
  });
});

it('a failed event is retried, and succeeds when the cause is fixed', async () => {
  const Key = gatewayTopologyKey(dock.sn);
  const { table: TableName } = stack.endpoints;
  const db = stack.stack.dynamoDb();
  await db.send(new PutCommand({ TableName, Item: { ...Key, drones: 'broken' } }));
  const tid = randomUUID();
  const sent = { sub_devices: [{ sn: 'DRONE1', domain: 0, type: 91, sub_type: 0 }] };
  expect((await dock.ask('status', 'update_topo', sent, { tid })).data).toEqual({ result: 500 });
  await db.send(new DeleteCommand({ TableName, Key }));
  await vi.waitFor(() => expect(dock.repliesTo(tid).at(-1)?.data).toEqual({ result: 0 }), DEADLINE);
  const found = await stack.registry.findGateway(dock.sn as GatewaySn);
  expect(found?.topology).toMatchObject({ online: ['DRONE1'] });
});

it('an event that fails in every attempt is kept as a dead letter, and never acknowledged', async () => {
  const callback = randomUUID();
  const file = photo();
  const objectKey = await dock.put(file);
  await stack.stack.dynamoDb().send(new DeleteTableCommand({ TableName: stack.endpoints.table }));
  expect(await dock.callback(report(file, objectKey), { tid: callback })).toEqual({ result: 500 });
  await expect(stack.dock(1)).rejects.toMatchObject({ code: 5 });

  const records = [await takeUnhandled(), await takeUnhandled()];
  for (const { requestContext, requestPayload } of records) {
    expect(requestContext.approximateInvokeCount).toBe(3);
    expect(requestPayload.gateway_sn).toBe(dock.sn);
  }
  const messages = new Map(records.map(messageOf).map((message) => [message.tid, message]));
  expect(messages.get(config)).toMatchObject({ method: 'config' });
  expect(messages.get(callback)).toMatchObject({ data: { file: { object_key: objectKey } } });
  expect(JSON.stringify(records)).not.toContain('key-of-somebody');
  for (const tid of [config, callback]) {
    expect(dock.repliesTo(tid).map(({ data }) => data)).toEqual(Array(3).fill({ result: 500 }));
  }
});
