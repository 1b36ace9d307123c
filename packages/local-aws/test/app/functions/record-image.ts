/** Records the images that a bucket tells a queue of. Those that are no images stay in the queue. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { S3Event, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { environment } from './environment.ts';

const table = DynamoDBDocumentClient.from(new DynamoDBClient());

export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const batchItemFailures: SQSBatchResponse['batchItemFailures'] = [];
  for (const { messageId, body, attributes } of Records) {
    const { Records: changes = [] } = JSON.parse(body) as Partial<S3Event>;
    for (const { s3, eventTime } of changes) {
      const [station, name = ''] = s3.object.key.split('/');
      if (!name.endsWith('.jpg')) {
        batchItemFailures.push({ itemIdentifier: messageId });
        continue;
      }
      const waited = Number(attributes.ApproximateFirstReceiveTimestamp) - Number(attributes.SentTimestamp);
      const Item = { key: s3.object.key, station, at: eventTime, bytes: s3.object.size, waited };
      await table.send(new PutCommand({ TableName: environment('IMAGES_TABLE_NAME'), Item }));
    }
  }
  return { batchItemFailures };
}
