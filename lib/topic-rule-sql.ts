import type { Trigger } from '../functions/manifest.ts';
import { topicOf, type UpChannel } from '../functions/protocol/topics.ts';

/** The message travels in base64, whole: no field in it can pass for the topic's serial number. */
const rule = (channel: UpChannel, condition: string): string =>
  `SELECT topic(3) AS gateway_sn, encode(*, 'base64') AS payload FROM '${topicOf('+', channel)}' WHERE ${condition}`;

/** JSON without a `method`, arrays too. What is not JSON at all fits no rule with a condition. */
const UNNAMED = 'isUndefined(method)';

/**
 * AWS IoT SQL of what leads messages to a function, one a topic rule. Two rules where it takes messages with a method and without:
 * to AWS IoT an absent method makes the whole of `method = … OR …` undefined.
 */
export function topicRulesOf(trigger: Trigger): string[] {
  if (trigger.kind === 'mqtt-unnamed') return trigger.channels.map((channel) => rule(channel, UNNAMED));
  if (trigger.kind !== 'mqtt') return [];
  const { channel, method, takesUnnamed } = trigger.contract;
  return [rule(channel, `method = '${method}'`), ...(takesUnnamed ? [rule(channel, UNNAMED)] : [])];
}
