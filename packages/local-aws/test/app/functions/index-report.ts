/** Lists a report that was put into the bucket, at the head of its station's readings. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { S3ObjectCreatedNotificationEvent } from 'aws-lambda';
import { environment } from './environment.ts';

const table = DynamoDBDocumentClient.from(new DynamoDBClient());
const storage = new S3Client();

export async function handler({ detail, time }: S3ObjectCreatedNotificationEvent): Promise<void> {
  const { key } = detail.object;
  const { ContentLength } = await storage.send(
    new HeadObjectCommand({ Bucket: environment('BUCKET_NAME'), Key: key }),
  );
  const [station] = key.split('/');
  await table.send(
    new PutCommand({
      TableName: environment('TABLE_NAME'),
      Item: { station, at: time, report: key, bytes: ContentLength },
    }),
  );
}
