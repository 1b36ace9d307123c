import { type Gateway, isGatewaySn, type Topology } from './gateway.ts';

/** A policy as AWS IoT takes it from an authorizer. */
export interface PolicyDocument {
  Version: string;
  Statement: { Effect: 'Allow'; Action: string; Resource: string[] }[];
}

/** Where topics and client ids live: `arn:aws:iot:<region>:<account>`. */
export interface BrokerLocation {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

/** What a gateway says on its own topics. */
const SPEAKS_ON = ['requests', 'events', 'services_reply', 'state', 'osd', 'property/set_reply', 'drc/up'];
/** What it is told there. */
const LISTENS_ON = ['requests_reply', 'events_reply', 'services', 'state_reply', 'property/set', 'drc/down'];
/** A dock publishes its drone's telemetry under the drone's serial number; a broker that refuses it would cut the dock off. */
const DRONE_SPEAKS_ON = ['osd', 'state'];
/** A gateway carries one drone, or two while they are swapped. */
const DRONE_LIMIT = 4;

/** Client ids that mean nothing to a policy. */
const SAFE_CLIENT_ID = /^[A-Za-z0-9_:.@=-]{1,128}$/;

export const isSafeClientId = (clientId: string): boolean => SAFE_CLIENT_ID.test(clientId);

/**
 * What a signed-in gateway may do at the broker: connect as itself, speak and listen on the topics of its own serial number, and publish the
 * telemetry of the drones that are online with it. One document an action: AWS IoT takes ten, of 2,048 characters each.
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
  const speaks = [
    ...SPEAKS_ON.map((channel) => `thing/product/${sn}/${channel}`),
    `sys/product/${sn}/status`,
  ];
  const dronesSpeak = drones.flatMap((drone) =>
    DRONE_SPEAKS_ON.map((channel) => `thing/product/${drone}/${channel}`),
  );
  const listens = [
    ...LISTENS_ON.map((channel) => `thing/product/${sn}/${channel}`),
    `sys/product/${sn}/status_reply`,
  ];
  const policies: readonly [action: string, resources: string[]][] = [
    ['iot:Connect', [arn('client', clientId)]],
    ['iot:Publish', speaks.map((topic) => arn('topic', topic))],
    ['iot:Publish', dronesSpeak.map((topic) => arn('topic', topic))],
    // Some firmware asks for all topics of its own at once.
    ['iot:Subscribe', [...listens, `thing/product/${sn}/+`].map((filter) => arn('topicfilter', filter))],
    ['iot:Receive', listens.map((topic) => arn('topic', topic))],
  ];
  return policies
    .filter(([, resources]) => resources.length > 0)
    .map(([Action, Resource]) => ({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource }],
    }));
}
