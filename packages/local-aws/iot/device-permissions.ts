import type { Identity } from '../iam/identities.ts';
import { type ConditionContext, evaluate, type PolicyDocument } from '../iam/policy.ts';

/** Where topics and client ids live. */
export interface BrokerLocation {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

/** What a device may do with a kind of resource of the broker. */
export type DeviceAction = 'Connect' | 'Publish' | 'RetainPublish' | 'Subscribe' | 'Receive';

const RESOURCES: Readonly<Record<DeviceAction, string>> = {
  Connect: 'client',
  Publish: 'topic',
  RetainPublish: 'topic',
  Subscribe: 'topicfilter',
  Receive: 'topic',
};

/** The ARN of a topic, topic filter or client id. */
export function brokerArn(
  { partition, region, accountId }: BrokerLocation,
  kind: string,
  name: string,
): string {
  return `arn:${partition}:iot:${region}:${accountId}:${kind}/${name}`;
}

/** What the policies of an authorizer let a device do. */
export class DevicePermissions {
  readonly #location: BrokerLocation;
  readonly #clientId: string;
  readonly #identity: Identity;

  constructor(location: BrokerLocation, clientId: string, policies: readonly PolicyDocument[]) {
    this.#location = location;
    this.#clientId = clientId;
    const { partition, region, accountId } = location;
    this.#identity = {
      accessKeyId: '',
      secretAccessKey: '',
      principalArn: `arn:${partition}:iot:${region}:${accountId}:client/${clientId}`,
      root: false,
      rolePolicies: [...policies],
      sessionPolicies: [],
      principalTags: {},
    };
  }

  /** `name` is taken as it is written: a `+`, `#` or `*` in it is an ordinary character. */
  allow(action: DeviceAction, name: string, context: ConditionContext = {}): boolean {
    const request = {
      action: `iot:${action}`,
      resource: brokerArn(this.#location, RESOURCES[action], name),
      context: { ...context, 'iot:ClientId': this.#clientId },
    };
    return evaluate(this.#identity, request) === 'allow';
  }
}
