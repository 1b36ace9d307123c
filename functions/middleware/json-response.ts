import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Envelope } from '../protocol/envelope.ts';

/** An HTTP response that is not cached: some contain tokens. */
export const jsonResponse = (statusCode: number, envelope: Envelope): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify(envelope),
});
