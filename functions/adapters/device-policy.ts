import { type Gateway, isGatewaySn, isSafeClientId, type Topology } from '../core/gateway.ts';
import {
  EVERY_DOWN_CHANNEL,
  EVERY_UP_CHANNEL,
  everyTopicBelow,
  TELEMETRY_CHANNELS,
  topicOf,
} from '../protocol/topics.ts';

/** A policy in the response of an authorizer. */
export interface PolicyDocument {
  Version: string;
  Statement: { Effect: 'Allow'; Action: string; Resource: string[] }[];
}

/** Region and account of topics and client ids: `arn:aws:iot:<region>:<account>`. */
export interface BrokerLocation {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

/** A gateway has one drone, or two while they are swapped. */
const DRONE_LIMIT = 4;

/**
 * The policies of a signed-in gateway: it may connect as itself, use the topics of its own serial number, and
 * publish the telemetry of the drones that are online with it. If the broker refused that telemetry, it would
 * disconnect the dock. There is one document for each action: AWS IoT allows ten, of 2,048 characters each.
 *
 * @throws RangeError for a client id that could widen the policy.
 */
export function devicePolicies(
  { partition, region, accountId }: BrokerLocation,
  gateway: Gateway & { readonly topology: Topology },
  clientId: string,
): PolicyDocument[] {
  if (!isSafeClientId(clientId)) throw new RangeError('The client id is not safe in a policy');
  const arn = (kind: string, name: string) => `arn:${partition}:iot:${region}:${accountId}:${kind}/${name}`;
  const { sn, topology } = gateway;
  const drones = topology.online.filter((drone) => isGatewaySn(drone) && drone !== sn).slice(0, DRONE_LIMIT);
  const speaks = EVERY_UP_CHANNEL.map((channel) => topicOf(sn, channel));
  const dronesSpeak = drones.flatMap((drone) => TELEMETRY_CHANNELS.map((channel) => topicOf(drone, channel)));
  const listens = EVERY_DOWN_CHANNEL.map((channel) => topicOf(sn, channel));
  const policies: readonly [action: string, resources: string[]][] = [
    ['iot:Connect', [arn('client', clientId)]],
    ['iot:Publish', speaks.map((topic) => arn('topic', topic))],
    ['iot:Publish', dronesSpeak.map((topic) => arn('topic', topic))],
    // Some firmware subscribes to all of its topics at once.
    ['iot:Subscribe', [...listens, everyTopicBelow(sn)].map((filter) => arn('topicfilter', filter))],
    ['iot:Receive', listens.map((topic) => arn('topic', topic))],
  ];
  return policies
    .filter(([, resources]) => resources.length > 0)
    .map(([Action, Resource]) => ({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource }],
    }));
}
