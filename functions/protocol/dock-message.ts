import * as v from 'valibot';

/**
 * The event of an IoT rule: the serial number of the topic, which can be trusted, and the original message in
 * base64.
 */
export const RuleEvent = v.object({ gateway_sn: v.string(), payload: v.string() });

/** A reply repeats it unchanged. Some clients send numbers. */
const id = v.union([v.pipe(v.string(), v.maxLength(256)), v.pipe(v.number(), v.safeInteger())]);

/**
 * Envelope of every message (protocol section 4). `timestamp` and `gateway` are not read, since they can be
 * wrong.
 */
export const DockMessage = v.object({
  // Empty for a message without one.
  tid: v.nullish(id, ''),
  // A reply needs only `tid`, so a `bid` of another type is ignored.
  bid: v.fallback(v.optional(id), undefined),
  method: v.optional(v.string()),
  need_reply: v.optional(v.unknown()),
  data: v.optional(v.unknown()),
});

export type DockMessage = v.InferOutput<typeof DockMessage>;

/** Some firmware sends a boolean, others 0 or 1; both may be text. */
export const wantsReply = ({ need_reply: wish }: DockMessage): boolean =>
  typeof wish !== 'object' && /^(true|1)$/i.test(String(wish));

/** Publishes messages to devices. Implemented in `adapters/`. */
export interface DevicePublisher {
  /** Resolves when the broker has accepted the message (QoS 1). */
  publish(topic: string, message: object): Promise<void>;
}

/** A reply repeats `tid`, `bid` and `method`. Its time is its own, in milliseconds. */
export const replyTo = ({ tid, bid, method }: DockMessage, data: object): object => ({
  tid,
  ...(bid !== undefined && { bid }),
  ...(method !== undefined && { method }),
  timestamp: Date.now(),
  data,
});
