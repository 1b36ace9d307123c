import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Envelope } from '../protocol/envelope.ts';

/** An HTTP answer that nobody keeps: some of them hold tokens. */
export const jsonAnswer = (statusCode: number, envelope: Envelope): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(envelope),
});
