import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Aws, Validations } from 'aws-cdk-lib/core';
import { type DownChannel, topicOf } from '../functions/protocol/topics.ts';
import type { EndpointFunction } from './endpoint-function.ts';

/** Allows the function to publish on one channel of every device. */
export function grantPublish(endpoint: EndpointFunction, channel: DownChannel): void {
  const topic = topicOf('*', channel);
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
