import * as v from 'valibot';

/** What an IoT rule hands over: the topic's serial number, which is the truth, and the message as it came, in base64. */
export const RuleEvent = v.object({ gateway_sn: v.string(), payload: v.string() });

/** A reply repeats it as it came; some clients write numbers. */
const id = v.union([v.pipe(v.string(), v.maxLength(256)), v.pipe(v.number(), v.safeInteger())]);

/** Envelope of every message (protocol section 4). `timestamp` and `gateway` are not looked at: both may lie. */
export const DockMessage = v.object({
  tid: v.pipe(id, v.notValue('')),
  // Nothing but `tid` is needed to reply: a `bid` of another kind counts as none.
  bid: v.fallback(v.optional(id), undefined),
  method: v.optional(v.string()),
  need_reply: v.optional(v.unknown()),
  data: v.optional(v.unknown()),
});

export type DockMessage = v.InferOutput<typeof DockMessage>;

/** A boolean from some firmware, 0 or 1 from the rest; either may come as text. */
export const wantsReply = ({ need_reply: wish }: DockMessage): boolean =>
  typeof wish !== 'object' && /^(true|1)$/i.test(String(wish));

/** What it takes to speak to devices; implemented in `adapters/`. */
export interface DevicePublisher {
  /** Resolves when the broker has taken the message (QoS 1). */
  publish(topic: string, message: object): Promise<void>;
}

/** A reply repeats `tid`, `bid` and `method`, and has a time of its own, in milliseconds. */
export const replyTo = ({ tid, bid, method }: DockMessage, data: object): object => ({
  tid,
  ...(bid !== undefined && { bid }),
  ...(method !== undefined && { method }),
  timestamp: Date.now(),
  data,
});
