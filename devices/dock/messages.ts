/** A dock's side of MQTT: its topics, and the envelope of its messages. */
import { randomUUID } from 'node:crypto';
import { topicOf } from '../../functions/protocol/topics.ts';

/** Where a dock sends messages that have replies. */
export type Channel = 'requests' | 'events' | 'status';

/** The topics of a dock. */
export interface DockTopics {
  readonly says: Readonly<Record<Channel | 'services_reply', string>>;
  readonly hears: Readonly<Record<`${Channel}_reply` | 'services', string>>;
}

/** The topics of one dock. */
export function topicsOf(sn: string): DockTopics {
  return {
    says: {
      requests: topicOf(sn, 'requests'),
      events: topicOf(sn, 'events'),
      services_reply: topicOf(sn, 'services_reply'),
      status: topicOf(sn, 'status'),
    },
    hears: {
      requests_reply: topicOf(sn, 'requests_reply'),
      events_reply: topicOf(sn, 'events_reply'),
      services: topicOf(sn, 'services'),
      status_reply: topicOf(sn, 'status_reply'),
    },
  };
}

/** The ids of a message. Its reply has the same, and so has a repetition. */
export interface MessageIds {
  readonly tid: string;
  readonly bid: string;
}

/** Ids of a new message. */
export const newIds = (): MessageIds => ({ tid: randomUUID(), bid: randomUUID() });

/** Fields of a message or of a reply. */
export type Fields = Readonly<Record<string, unknown>>;

/** A received message. */
export interface Message extends MessageIds {
  readonly method: string;
  readonly data: Fields;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses a message. Undefined when it is not one. */
export function parseMessage(payload: string): Message | undefined {
  try {
    const parsed: unknown = JSON.parse(payload);
    if (!isFields(parsed)) return undefined;
    const { tid, bid, method, data } = parsed;
    if (typeof tid !== 'string' || typeof bid !== 'string') return undefined;
    return { tid, bid, method: typeof method === 'string' ? method : '', data: isFields(data) ? data : {} };
  } catch {
    return undefined;
  }
}

/** A message of the dock, as text. Events ask for a reply. */
export function envelope(
  gateway: string,
  channel: Channel | 'services_reply',
  method: string,
  { tid, bid }: MessageIds,
  data: object,
): string {
  return JSON.stringify({
    tid,
    bid,
    timestamp: Date.now(),
    gateway,
    method,
    ...(channel === 'events' && { need_reply: 1 }),
    data,
  });
}
