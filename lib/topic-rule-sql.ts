import { functionsOf, type Trigger } from '../functions/manifest.ts';
import { topicOf, type UpChannel } from '../functions/protocol/topics.ts';

/** The whole message is passed on in base64, so no field in it can be taken for the topic's serial number. */
const rule = (channel: UpChannel, condition: string): string =>
  `SELECT topic(3) AS gateway_sn, encode(*, 'base64') AS payload FROM '${topicOf('+', channel)}' WHERE ${condition}`;

/**
 * JSON without `method`, arrays included. A message that is not JSON matches no rule that has a condition.
 */
const UNNAMED = 'isUndefined(method)';

/**
 * Messages that ask for a reply, with a method that no other function handles. In AWS IoT, `<>` is true for
 * values of different types, and undefined when there is no value.
 */
const others = (channel: UpChannel): string =>
  functionsOf('mqtt')
    .map(({ trigger }) => trigger.contract)
    .filter((contract) => contract.channel === channel && contract.method !== undefined)
    .map(({ method }) => `method <> '${method}'`)
    .concat('need_reply <> 0')
    .join(' AND ');

/**
 * The AWS IoT SQL statements that route messages to a function, one for each topic rule. A function that
 * takes messages both with and without a method needs two rules: in AWS IoT, a missing method makes the whole
 * of `method = … OR …` undefined.
 */
export function topicRulesOf(trigger: Trigger): string[] {
  if (trigger.kind === 'mqtt-unnamed') return trigger.channels.map((channel) => rule(channel, UNNAMED));
  if (trigger.kind !== 'mqtt') return [];
  const { channel, method, takesUnnamed } = trigger.contract;
  return [
    rule(channel, method === undefined ? others(channel) : `method = '${method}'`),
    ...(takesUnnamed ? [rule(channel, UNNAMED)] : []),
  ];
}
