import { describe, expect, it } from 'vitest';
import { EventBus } from '../../events/event-bus.ts';
import { checkPattern, matchesEvent } from '../../events/event-pattern.ts';
import { s3BusEvent } from '../../events/s3-event.ts';
import type { LogEntry } from '../../log.ts';
import type { S3Event } from '../../s3/definitions.ts';

const removed: S3Event = {
  name: 'ObjectRemoved:DeleteMarkerCreated',
  time: new Date('2026-04-12T09:31:08.123Z'),
  bucket: 'media',
  key: 'w/ü b.jpg',
  versionId: 'v2',
  eTag: '',
  size: 0,
  sequencer: '00A1',
  principalId: '123456789012',
  sourceIp: '127.0.0.1',
  requestId: 'request',
};
const environment = { region: 'eu-central-1', accountId: '123456789012' };

describe('event patterns', () => {
  const event = { source: 'aws.s3', detail: { bucket: { name: 'media' }, size: 3, tags: ['a', 'b'] } };

  it.each<[matches: boolean, pattern: Record<string, unknown>]>([
    [true, { source: ['aws.s3'] }],
    [true, { source: ['aws.ec2', 'aws.s3'], detail: { bucket: { name: ['media'] } } }],
    [true, { detail: { size: [3] } }],
    [true, { detail: { tags: ['b'] } }],
    [true, { detail: { bucket: { name: [{ prefix: 'me' }] } } }],
    [true, {}],
    [false, { source: ['aws'] }],
    [false, { detail: { size: ['3'] } }],
    [false, { detail: { bucket: { name: [{ prefix: 'x' }] } } }],
    [false, { detail: { bucket: { owner: ['media'] } } }],
    [false, { detail: { nothing: { at: ['all'] } } }],
  ])('return %j for %j', (matches, pattern) => {
    checkPattern(pattern);
    expect(matchesEvent(pattern, event)).toBe(matches);
  });

  it.each([
    [{ source: [{ 'anything-but': ['aws.s3'] }] }],
    [{ detail: { size: [{ numeric: ['>', 1] }] } }],
    [{ $or: [{ source: ['a'] }] }],
    [{ $or: { source: ['a'] } }],
    [{ source: 'aws.s3' }],
  ])('are refused when they are not supported: %j', (pattern) => {
    expect(() => checkPattern(pattern)).toThrow('the local stack does not support the event pattern');
  });
});

describe('events of S3', () => {
  it("describe a removal in EventBridge's form", () => {
    expect(s3BusEvent(removed, environment)).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Object Deleted',
      source: 'aws.s3',
      account: '123456789012',
      time: '2026-04-12T09:31:08Z',
      region: 'eu-central-1',
      resources: ['arn:aws:s3:::media'],
      detail: {
        version: '0',
        bucket: { name: 'media' },
        object: { key: 'w/ü b.jpg', 'version-id': 'v2', sequencer: '00A1' },
        'request-id': expect.any(String),
        requester: '123456789012',
        reason: 'DeleteObject',
        'deletion-type': 'Delete Marker Created',
      },
    });
  });

  it('describe an upload with its size and ETag', () => {
    const { 'detail-type': type, detail } = s3BusEvent(
      { ...removed, name: 'ObjectCreated:Put', eTag: '"abc"', size: 7 },
      environment,
    );
    expect([type, detail]).toMatchObject([
      'Object Created',
      { object: { size: 7, etag: 'abc' }, reason: 'PutObject' },
    ]);
  });
});

describe('the event bus', () => {
  const rule = (name: string, type: string) => ({
    name,
    arn: `arn:aws:events:eu-central-1:123456789012:rule/${name}`,
    pattern: { 'detail-type': [type] },
    targets: [{ kind: 'function' as const, arn: `arn:function:${name}`, deadLetterQueueArn: 'arn:queue' }],
  });

  function busOf(mayInvoke: boolean) {
    const invoked: string[] = [];
    const asked: string[] = [];
    const sent: [queueArn: string, body: string][] = [];
    const log: LogEntry[] = [];
    const bus = new EventBus({
      rules: [rule('removals', 'Object Deleted'), rule('uploads', 'Object Created')],
      functions: {
        mayInvoke: (_arn, { principal, sourceArn }) => {
          asked.push(`${principal} ${sourceArn}`);
          return mayInvoke;
        },
        invokeEvent: async (functionArn) => {
          invoked.push(functionArn);
          return { ok: true, payload: 'null' };
        },
      },
      queues: {
        allowsService: () => true,
        deliver: async () => {},
        send: (...message) => sent.push(message),
      },
      log: (entry) => log.push(entry),
    });
    return { bus, invoked, asked, sent, log };
  }

  it('calls the functions whose rules match', async () => {
    const { bus, invoked, asked } = busOf(true);
    await bus.put(s3BusEvent(removed, environment));
    expect(invoked).toEqual(['arn:function:removals']);
    expect(asked).toEqual(['events.amazonaws.com arn:aws:events:eu-central-1:123456789012:rule/removals']);
  });

  it('keeps an event that it may not deliver', async () => {
    const { bus, invoked, sent, log } = busOf(false);
    const event = s3BusEvent(removed, environment);
    await bus.put(event);
    expect(invoked).toEqual([]);
    expect(sent).toEqual([['arn:queue', JSON.stringify(event)]]);
    expect(log).toMatchObject([{ source: 'events', level: 'error' }]);
  });
});
