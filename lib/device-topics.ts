import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Aws, Validations } from 'aws-cdk-lib/core';
import type { EndpointFunction } from './endpoint-function.ts';

/** Topics that devices listen on, by the channel that they end with. */
const TOPICS = {
  requests_reply: 'thing/product/*/requests_reply',
  events_reply: 'thing/product/*/events_reply',
  services: 'thing/product/*/services',
  status_reply: 'sys/product/*/status_reply',
};

/** A channel that devices are told something on. */
export type DownChannel = keyof typeof TOPICS;

/** Allows the function to publish on one channel of every device. */
export function grantPublish(endpoint: EndpointFunction, channel: DownChannel): void {
  const topic = TOPICS[channel];
  endpoint.addToRolePolicy(
    new PolicyStatement({
      actions: ['iot:Publish'],
      resources: [`arn:${Aws.PARTITION}:iot:${Aws.REGION}:${Aws.ACCOUNT_ID}:topic/${topic}`],
    }),
  );
  Validations.of(endpoint.role).acknowledge({
    id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iot:<AWS::Region>:<AWS::AccountId>:topic/${topic}]`,
    reason: 'The star stands for the serial numbers of devices, which are registered after deployment.',
  });
}
