import type { Identity } from '../iam/identities.ts';
import { type ConditionContext, evaluate, type PolicyDocument } from '../iam/policy.ts';

/** Region and account of topics and client ids. */
export interface BrokerLocation {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

/** What a device can do at the broker. */
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

/** What the policies of an authorizer allow a device. */
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

  /** `name` is literal: `+`, `#` and `*` have no special meaning. */
  allow(action: DeviceAction, name: string, context: ConditionContext = {}): boolean {
    const request = {
      action: `iot:${action}`,
      resource: brokerArn(this.#location, RESOURCES[action], name),
      context: { ...context, 'iot:ClientId': this.#clientId },
    };
    return evaluate(this.#identity, request) === 'allow';
  }
}
