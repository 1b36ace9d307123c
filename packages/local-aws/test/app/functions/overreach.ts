/** `POST /overreach`: tries what its role does not allow, and answers with the names of the errors. */
import { CognitoIdentityProviderClient, ListUsersCommand } from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { environment } from './environment.ts';

const database = new DynamoDBClient();
const storage = new S3Client();
const queues = new SQSClient();

export async function handler(): Promise<Record<string, string>> {
  const TableName = environment('TABLE_NAME');
  const Key = { station: { S: 'roof' }, at: { S: 'now' } };
  const object = { Bucket: environment('BUCKET_NAME'), Key: 'roof/report.txt' };
  const QueueUrl = environment('HEAT_URL');
  const attempts: Record<string, () => Promise<unknown>> = {
    PutItem: () => database.send(new PutItemCommand({ TableName, Item: Key })),
    GetItem: () => database.send(new GetItemCommand({ TableName, Key })),
    PutObject: () => storage.send(new PutObjectCommand({ ...object, Body: 'x' })),
    GetObject: () => storage.send(new GetObjectCommand(object)),
    SendMessage: () => queues.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' })),
    ReceiveMessage: () => queues.send(new ReceiveMessageCommand({ QueueUrl })),
    PutEvents: () =>
      new EventBridgeClient().send(
        new PutEventsCommand({ Entries: [{ Source: 'stations', DetailType: 'Storm', Detail: '{}' }] }),
      ),
    ListUsers: () =>
      new CognitoIdentityProviderClient().send(
        new ListUsersCommand({ UserPoolId: environment('USER_POOL_ID') }),
      ),
    // The app has no secret, so nothing plays Secrets Manager.
    ListSecrets: () => new SecretsManagerClient().send(new ListSecretsCommand()),
  };
  const outcomes = await Promise.all(
    Object.entries(attempts).map(async ([name, attempt]) => {
      const error = await attempt().then(
        () => 'allowed',
        (failure: Error) => failure.name,
      );
      return [name, error] as const;
    }),
  );
  return Object.fromEntries(outcomes);
}
