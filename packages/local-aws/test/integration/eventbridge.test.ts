import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EventBridgeClient,
  ListRulesCommand,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function as LambdaFn, Runtime } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { CfnOutput, Stack } from 'aws-cdk-lib/core';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../../events/definitions.ts';
import { createEventBridge } from '../../events/eventbridge.ts';
import { Identities, type RootCredentials } from '../../iam/identities.ts';
import type { PolicyStatement } from '../../iam/policy.ts';
import { type LogEntry, startLocalAws } from '../../index.ts';
import { synthesise } from '../app/synthesise.ts';

const region = 'eu-central-1';
const accountId = '123456789012';
const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };
const BUS = `arn:aws:events:${region}:${accountId}:event-bus/default`;
const MEGABYTE = 1024 * 1024;

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'local-aws-events-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cleanUps: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const flight = (entry: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  Source: 'media-library',
  DetailType: 'Flight Complete',
  Detail: JSON.stringify({ flight: 'f1', files: 3 }),
  ...entry,
});
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'allowed',
    (error: Error) => error.name,
  );

describe('PutEvents', () => {
  /** An endpoint in front of a bus that keeps what it is given. */
  async function start(putOn: (event: BusEvent) => Promise<void> = async () => {}) {
    const identities = new Identities({ root });
    const events: BusEvent[] = [];
    const logged: string[] = [];
    const service = createEventBridge({
      identities,
      region,
      accountId,
      partition: 'aws',
      bus: {
        put: async (event) => {
          await putOn(event);
          events.push(event);
        },
      },
      clock: () => new Date(),
      log: (line) => logged.push(line),
    });
    await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
    cleanUps.push(() => service.close());
    const endpoint = `http://127.0.0.1:${(service.server.address() as AddressInfo).port}`;
    const put = (Entries: PutEventsRequestEntry[], credentials: RootCredentials = root) =>
      clientOf(endpoint, credentials).send(new PutEventsCommand({ Entries }));
    /** Credentials of a role that has this permission. */
    const session = (statement: PolicyStatement) => {
      const arn = `arn:aws:iam::${accountId}:role/sender`;
      identities.addRole({
        arn,
        name: 'sender',
        trustPolicy: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
          ],
        },
        policies: [{ Version: '2012-10-17', Statement: [statement] }],
        maxSessionDurationInSeconds: 3600,
      });
      return identities.mintForRole(arn, { sessionName: 'test', durationInSeconds: 900 });
    };
    return { endpoint, events, logged, put, session };
  }

  function clientOf(endpoint: string, credentials: RootCredentials): EventBridgeClient {
    const client = new EventBridgeClient({ endpoint, region, credentials, maxAttempts: 1 });
    cleanUps.push(() => client.destroy());
    return client;
  }

  it("sends an event in EventBridge's form", async () => {
    const { put, events } = await start();
    const { Entries, FailedEntryCount } = await put([
      flight({ Time: new Date('2026-04-12T09:31:08.700Z'), Resources: ['arn:aws:s3:::media'] }),
      flight({ EventBusName: 'default' }),
      flight({ EventBusName: BUS }),
    ]);
    expect(FailedEntryCount).toBe(0);
    expect(events[0]).toEqual({
      version: '0',
      id: Entries?.[0]?.EventId,
      'detail-type': 'Flight Complete',
      source: 'media-library',
      account: accountId,
      time: '2026-04-12T09:31:08Z',
      region,
      resources: ['arn:aws:s3:::media'],
      detail: { flight: 'f1', files: 3 },
    });
    expect(events.map(({ id }) => id)).toEqual(Entries?.map(({ EventId }) => EventId));
    expect(events[1]).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      resources: [],
    });
  });

  it('refuses a single entry', async () => {
    const { put, events, logged } = await start(async ({ source }) => {
      if (source === 'full') throw new Error('no space left');
    });
    const { Entries = [], FailedEntryCount } = await put([
      flight(),
      flight({ Source: undefined }),
      flight({ DetailType: '' }),
      flight({ Detail: undefined }),
      flight({ Detail: '{"flight":' }),
      flight({ Detail: '[1]' }),
      flight({ Source: 'aws.s3' }),
      flight({ DetailType: 'x'.repeat(129) }),
      flight({ Source: 'full' }),
    ]);
    expect(FailedEntryCount).toBe(8);
    expect(Entries.map(({ ErrorCode, ErrorMessage }) => [ErrorCode, ErrorMessage])).toEqual([
      [undefined, undefined],
      ['InvalidArgument', 'Parameter Source is not valid. Reason: Source is a required argument.'],
      ['InvalidArgument', 'Parameter DetailType is not valid. Reason: DetailType is a required argument.'],
      ['InvalidArgument', 'Parameter Detail is not valid. Reason: Detail is a required argument.'],
      ['MalformedDetail', 'Detail is malformed.'],
      ['MalformedDetail', 'Detail is malformed.'],
      ['NotAuthorizedForSourceException', 'Not authorized for the source.'],
      ['InvalidArgument', expect.stringContaining('DetailType')],
      ['InternalFailure', expect.any(String)],
    ]);
    expect(events).toHaveLength(1);
    expect(logged).toEqual([expect.stringContaining('no space left')]);
  });

  it('accepts one to ten entries of 1 MB in all', async () => {
    const { put, events } = await start();
    const detailOf = (bytes: number) => JSON.stringify({ text: 'x'.repeat(bytes - '{"text":""}'.length) });
    const overhead = 'media-library'.length + 'Flight Complete'.length;
    expect(await refusal(put([]))).toBe('ValidationException');
    expect(await refusal(put(Array.from({ length: 11 }, () => flight())))).toBe('ValidationException');
    expect(await refusal(put([flight({ Detail: detailOf(MEGABYTE - overhead + 1) })]))).toBe(
      'ValidationException',
    );
    expect(events).toEqual([]);
    expect(await refusal(put([flight({ Detail: detailOf(MEGABYTE - overhead) })]))).toBe('allowed');
    expect(await refusal(put(Array.from({ length: 10 }, () => flight())))).toBe('allowed');
    expect(events).toHaveLength(11);
  });

  it.each<[string, string, Omit<PolicyStatement, 'Effect'>]>([
    ['allowed', 'on the default bus', { Action: 'events:PutEvents', Resource: BUS }],
    ['AccessDeniedException', 'on another bus', { Action: 'events:PutEvents', Resource: `${BUS}2` }],
    ['AccessDeniedException', 'for another action', { Action: 'events:PutRule', Resource: '*' }],
    [
      'allowed',
      'for this source',
      {
        Action: 'events:PutEvents',
        Resource: BUS,
        Condition: { StringEquals: { 'events:source': 'media-library' } },
      },
    ],
    [
      'AccessDeniedException',
      'for another kind of event',
      {
        Action: 'events:PutEvents',
        Resource: BUS,
        Condition: { StringEquals: { 'events:detail-type': 'Flight Lost' } },
      },
    ],
  ])('is %s with a permission %s', async (outcome, _name, statement) => {
    const { put, session, events } = await start();
    const credentials = session({ Effect: 'Allow', ...statement });
    expect(await refusal(put([flight()], credentials))).toBe(outcome);
    expect(events).toHaveLength(outcome === 'allowed' ? 1 : 0);
  });

  it('accepts only the default bus, and is the only operation', async () => {
    const { put, endpoint } = await start();
    expect(await refusal(put([flight({ EventBusName: 'orders' })]))).toBe('NotImplemented');
    expect(await refusal(put([flight({ TraceHeader: 'Root=1' })]))).toBe('NotImplemented');
    expect(await refusal(clientOf(endpoint, root).send(new ListRulesCommand({})))).toBe('NotImplemented');
  });
});

describe('rules of the default bus', () => {
  const assembly = (name: string, add: (stack: Stack) => void): string => {
    const directory = join(folder, name);
    mkdirSync(directory, { recursive: true });
    return synthesise(directory, (app) => add(new Stack(app, 'Small'))).directory;
  };

  it('send events to functions and queues, and undeliverable ones to the dead-letter queue', async () => {
    const logged: LogEntry[] = [];
    const code = join(folder, 'code');
    mkdirSync(code);
    writeFileSync(
      join(code, 'index.mjs'),
      'export const handler = async (event) => console.log("got", event.detail.flight);',
    );
    const directory = assembly('targets', (stack) => {
      const telling = new LambdaFn(stack, 'Telling', {
        code: Code.fromAsset(code),
        handler: 'index.handler',
        runtime: Runtime.NODEJS_24_X,
      });
      const queue = new Queue(stack, 'Flights');
      const dead = new Queue(stack, 'Dead');
      const small = new Queue(stack, 'Small', { maxMessageSizeBytes: 1024 });
      const closed = new CfnQueue(stack, 'Closed');
      const eventPattern = { source: ['media-library'], detailType: ['Flight Complete'] };
      new Rule(stack, 'Both', { eventPattern, targets: [new LambdaFunction(telling), new SqsQueue(queue)] });
      new Rule(stack, 'Large', {
        eventPattern: { source: ['media-library'], detailType: ['Flight Large'] },
        targets: [new SqsQueue(small, { deadLetterQueue: dead })],
      });
      new Rule(stack, 'Nobody', { eventPattern }).addTarget({ bind: () => ({ arn: closed.attrArn }) });
      new CfnOutput(stack, 'FlightsUrl', { value: queue.queueUrl });
      new CfnOutput(stack, 'ClosedUrl', { value: closed.ref });
      new CfnOutput(stack, 'DeadUrl', { value: dead.queueUrl });
    });
    const seen: BusEvent[] = [];
    await using aws = await startLocalAws({
      assembly: directory,
      log: (entry) => logged.push(entry),
      onEvent: (event) => seen.push(event),
    });
    const put = (entry: PutEventsRequestEntry) => aws.call('eventbridge', 'PutEvents', { Entries: [entry] });
    const bodies = async (name: string): Promise<BusEvent[]> => {
      const answer = await aws.call('sqs', 'ReceiveMessage', {
        QueueUrl: aws.outputs[name],
        MaxNumberOfMessages: 10,
      });
      const { Messages = [] } = answer as { Messages?: { Body: string }[] };
      return Messages.map(({ Body }) => JSON.parse(Body) as BusEvent);
    };
    const answer = await put(flight());
    expect(await bodies('FlightsUrl')).toMatchObject([
      { id: (answer as { Entries: { EventId: string }[] }).Entries[0]?.EventId, detail: { flight: 'f1' } },
    ]);
    expect(await bodies('ClosedUrl')).toEqual([]);
    await expect.poll(() => logged.map(({ line }) => line).join('\n')).toMatch(/got f1/);
    expect(logged.map(({ line }) => line).join('\n')).toMatch(
      /Closed does not allow the rule to send messages/,
    );

    await put(flight({ DetailType: 'Flight Large', Detail: JSON.stringify({ text: 'x'.repeat(2000) }) }));
    await expect.poll(() => bodies('DeadUrl')).toMatchObject([{ 'detail-type': 'Flight Large' }]);
    await put(flight({ DetailType: 'Flight Lost' }));
    expect(await bodies('FlightsUrl')).toEqual([]);
    // A test sees those as well that no rule is for.
    expect(seen.map((event) => event['detail-type'])).toEqual([
      'Flight Complete',
      'Flight Large',
      'Flight Lost',
    ]);
  });

  it('accept no other targets', async () => {
    const directory = assembly('topic', (stack) => {
      new Rule(stack, 'Rule', { eventPattern: { source: ['x'] } }).addTarget({
        bind: () => ({ arn: `arn:aws:sns:us-east-1:${accountId}:topic` }),
      });
    });
    await expect(startLocalAws({ assembly: directory })).rejects.toThrow('functions and queues as targets');
  });
});
