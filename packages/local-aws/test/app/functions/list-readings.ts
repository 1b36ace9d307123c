/** `GET /stations/{station}/readings`, newest first. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from 'aws-lambda';
import { environment } from './environment.ts';

const table = DynamoDBDocumentClient.from(new DynamoDBClient());

export async function handler({ pathParameters, requestContext }: APIGatewayProxyEventV2WithJWTAuthorizer) {
  const { Items } = await table.send(
    new QueryCommand({
      TableName: environment('TABLE_NAME'),
      KeyConditionExpression: 'station = :station',
      ExpressionAttributeValues: { ':station': pathParameters?.['station'] },
      ScanIndexForward: false,
    }),
  );
  return { reader: requestContext.authorizer.jwt.claims['username'], readings: Items };
}
