import { clientIdsOf, type Gateway, isGatewaySn } from '../core/gateway.ts';
import { DEVICE_LIMIT, type Topology } from '../core/topology.ts';
import {
  EVERY_DOWN_CHANNEL,
  EVERY_UP_CHANNEL,
  everyTopicBelow,
  telemetryTopicsOf,
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

/**
 * The policies of a signed-in gateway. It may connect as itself, use the topics of its own serial number,
 * publish the telemetry of any device, and subscribe to the events of its drones, as DJI's SDK does.
 *
 * Telemetry is not limited to the gateway's drones. AWS IoT keeps a policy for 300 seconds or longer and
 * disconnects a client that publishes what it may not, so a dock would be disconnected whenever its drone
 * wakes.
 *
 * There is one document for each line: AWS IoT allows ten, of 2,048 characters each.
 *
 * @throws RangeError for a client id that is not one of the gateway's.
 */
export function devicePolicies(
  { partition, region, accountId }: BrokerLocation,
  gateway: Gateway & { readonly topology: Topology },
  clientId: string,
): PolicyDocument[] {
  if (!clientIdsOf(gateway.sn).includes(clientId))
    throw new RangeError("The client id is not one of the gateway's");
  const arn = (kind: string, name: string) => `arn:${partition}:iot:${region}:${accountId}:${kind}/${name}`;
  const { sn, topology } = gateway;
  const drones = topology.drones
    .map((drone) => drone.sn)
    .filter((drone) => isGatewaySn(drone) && drone !== sn)
    .slice(0, DEVICE_LIMIT);
  const listens = EVERY_DOWN_CHANNEL.map((channel) => topicOf(sn, channel));
  const eventsOfDrones = drones.map((drone) => topicOf(drone, 'events'));
  const policies: readonly [action: string, kind: string, names: string[]][] = [
    ['iot:Connect', 'client', [clientId]],
    ['iot:Publish', 'topic', EVERY_UP_CHANNEL.map((channel) => topicOf(sn, channel))],
    ['iot:Publish', 'topic', telemetryTopicsOf('*')],
    // Some firmware subscribes to all of its topics at once.
    ['iot:Subscribe', 'topicfilter', [...listens, everyTopicBelow(sn)]],
    ['iot:Receive', 'topic', listens],
    ['iot:Subscribe', 'topicfilter', eventsOfDrones],
    ['iot:Receive', 'topic', eventsOfDrones],
  ];
  return policies
    .filter(([, , names]) => names.length > 0)
    .map(([Action, kind, names]) => ({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource: names.map((name) => arn(kind, name)) }],
    }));
}
