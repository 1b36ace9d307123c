/** Keeps a reading that a topic rule hands over. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { environment } from './environment.ts';

const table = DynamoDBDocumentClient.from(new DynamoDBClient());

/** As the rule selects it. */
interface Reading {
  readonly station: string;
  readonly at: string;
  readonly celsius: number;
}

export async function handler({ station, at, celsius }: Reading): Promise<void> {
  await table.send(new PutCommand({ TableName: environment('TABLE_NAME'), Item: { station, at, celsius } }));
}
