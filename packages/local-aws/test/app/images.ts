import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Bucket, type CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CfnOutput, Duration } from 'aws-cdk-lib/core';
import type { StationsStack } from './stations-stack.ts';

/**
 * The images of the stations' cameras: their bucket tells a queue of new ones, which leads them to a function
 * after a while. The function's table is read by station and time, through an index.
 */
export function addImages(stack: StationsStack): void {
  const lost = new Queue(stack, 'LostImages');
  const arrivals = new Queue(stack, 'Arrivals', {
    deliveryDelay: Duration.seconds(5),
    visibilityTimeout: Duration.seconds(30),
    deadLetterQueue: { queue: lost, maxReceiveCount: 2 },
  });
  const sent = arrivals.grantSendMessages(new ServicePrincipal('s3.amazonaws.com'));
  const images = new Bucket(stack, 'Images');
  const { defaultChild } = images.node;
  (defaultChild as CfnBucket).notificationConfiguration = {
    queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: arrivals.queueArn }],
  };
  sent.applyBefore(images);
  const table = new TableV2(stack, 'ImagesTable', {
    partitionKey: { name: 'key', type: AttributeType.STRING },
    globalSecondaryIndexes: [
      {
        indexName: 'by-station',
        partitionKey: { name: 'station', type: AttributeType.STRING },
        sortKey: { name: 'at', type: AttributeType.STRING },
      },
    ],
  });
  const recordImage = stack.addFunction('record-image', { IMAGES_TABLE_NAME: table.tableName });
  table.grantWriteData(recordImage);
  recordImage.addEventSource(new SqsEventSource(arrivals, { batchSize: 10, reportBatchItemFailures: true }));
  for (const [name, value] of Object.entries({
    ImagesName: images.bucketName,
    ImagesTableName: table.tableName,
    LostUrl: lost.queueUrl,
    ArrivalsUrl: arrivals.queueUrl,
  })) {
    new CfnOutput(stack, name, { value });
  }
}
