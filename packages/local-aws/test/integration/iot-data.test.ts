import {
  IoTDataPlaneClient,
  ListRetainedMessagesCommand,
  PublishCommand,
} from '@aws-sdk/client-iot-data-plane';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Identities } from '../../iam/identities.ts';
import { createIotData } from '../../iot/iot-data.ts';
import { arn, LOCATION, listen, received, startStack, type TestStack, until } from './iot-stack.ts';

const REPLIES = 'thing/product/DOCK1/events_reply';
const ROLE = 'arn:aws:iam::123456789012:role/function';

const identities = new Identities({ root: { accessKeyId: 'AKIAROOT', secretAccessKey: 'root-secret' } });
identities.addRole({
  arn: ROLE,
  name: 'function',
  trustPolicy: {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  },
  policies: [
    {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'iot:Publish', Resource: arn('topic', 'thing/product/*/events_reply') },
      ],
    },
  ],
  maxSessionDurationInSeconds: 3600,
});

let stack: TestStack;
let endpoint: string;
let close: () => Promise<void>;
const lines: string[] = [];

beforeEach(async () => {
  stack = await startStack();
  const service = createIotData({
    ...LOCATION,
    identities,
    broker: stack.broker,
    log: ({ line }) => lines.push(line),
  });
  endpoint = `http://127.0.0.1:${await listen(service.server)}`;
  close = () => service.close();
});

afterEach(async () => {
  await close();
  await stack.close();
  expect(lines.splice(0)).toEqual([]);
});

function client(credentials = identities.mintForRole(ROLE, { sessionName: 'test', durationInSeconds: 900 })) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return new IoTDataPlaneClient({
    endpoint,
    region: LOCATION.region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
    maxAttempts: 1,
  });
}

const publish = (input: ConstructorParameters<typeof PublishCommand>[0], by = client()) =>
  by.send(new PublishCommand(input));

describe('a message of a function', () => {
  it.each([0, 1] as const)('reaches a device with a subscription, at QoS %i', async (qos) => {
    const dock = await stack.connect('DOCK1');
    const messages = received(dock);
    await dock.subscribeAsync(REPLIES, { qos: 1 });
    await publish({ topic: REPLIES, qos, payload: Buffer.from('{"name":"上云"}') });
    await until(() => messages.length > 0);
    expect(messages).toEqual([{ topic: REPLIES, text: '{"name":"上云"}', dup: false, retain: false }]);
  });

  it('may have up to 128 KB', async () => {
    await publish({ topic: REPLIES, payload: Buffer.alloc(131_072) });
    await expect(publish({ topic: REPLIES, payload: Buffer.alloc(131_073) })).rejects.toMatchObject({
      name: 'RequestEntityTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
  });

  it('may have a topic with characters that URLs encode', async () => {
    const topic = 'a b/ü?x=1&y/100%';
    const messages: string[] = [];
    const actions = ['iot:Subscribe', 'iot:Receive'];
    stack.devices.set('DOCK2', {
      password: 'secret',
      more: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
    });
    const listener = await stack.connect('DOCK2');
    listener.on('message', (name) => messages.push(name));
    await listener.subscribeAsync('#', { qos: 1 });
    await publish({ topic, qos: 1, payload: Buffer.from('x') }, client(identities.find('AKIAROOT')));
    await until(() => messages.length > 0);
    expect(messages).toEqual([topic]);
  });
});

describe('the data endpoint', () => {
  it('refuses topics that the role may not publish on', async () => {
    await expect(
      publish({ topic: 'thing/product/DOCK1/services', payload: Buffer.from('x') }),
    ).rejects.toMatchObject({
      name: 'ForbiddenException',
      $metadata: { httpStatusCode: 403 },
    });
  });

  it('refuses retain without permission for it', async () => {
    await expect(publish({ topic: REPLIES, retain: true, payload: Buffer.from('x') })).rejects.toThrow(
      'iot:RetainPublish',
    );
  });

  it.each([
    [
      'a key that nobody has',
      { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' },
      'UnrecognizedClientException',
    ],
    ['a wrong secret', { accessKeyId: 'AKIAROOT', secretAccessKey: 'x' }, 'InvalidSignatureException'],
  ])('refuses %s', async (_description, credentials, name) => {
    const refused = publish({ topic: REPLIES }, client(credentials as never));
    await expect(refused).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 403 } });
  });

  it.each([
    ['a wildcard', { topic: 'thing/+/a' }],
    ['a reserved topic', { topic: '$aws/things/a/shadow/update' }],
    ['QoS 2', { topic: REPLIES, qos: 2 }],
  ])('finds %s invalid', async (_description, input) => {
    const root = client(identities.find('AKIAROOT'));
    await expect(publish(input, root)).rejects.toMatchObject({ name: 'InvalidRequestException' });
  });

  it('refuses everything that it does not implement', async () => {
    const root = client(identities.find('AKIAROOT'));
    const message = { name: 'NotImplemented', $metadata: { httpStatusCode: 501 } };
    await expect(root.send(new ListRetainedMessagesCommand({}))).rejects.toMatchObject(message);
    await expect(publish({ topic: REPLIES, contentType: 'text/plain' }, root)).rejects.toMatchObject(message);
    await expect(publish({ topic: REPLIES, messageExpiry: 1 }, root)).rejects.toMatchObject(message);
  });
});
