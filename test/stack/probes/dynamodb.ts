import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

/** One call to DynamoDB, to be bundled as functions are. */
export const probe = () =>
  new DynamoDBClient({}).send(new GetItemCommand({ TableName: 'table', Key: { pk: { S: 'key' } } }));
