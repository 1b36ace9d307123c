import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The service and operation of a request. */
export interface AwsRequest {
  readonly service: 's3' | 'sts' | 'dynamodb' | 'cognito' | 'sqs';
  /** Such as `GetItem`, or an HTTP verb for S3. */
  readonly operation: string;
  readonly body: string;
}

/** A response. `hang` sends none, `drop` closes the connection. */
export type AwsAnswer =
  | 'hang'
  | 'drop'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string };

/** A server for all services of AWS, with the faults that a test sets. */
export interface FaultyAws {
  readonly address: string;
  /** All requests so far, with retries. */
  readonly requests: AwsRequest[];
  answer: (request: AwsRequest) => AwsAnswer;
  close(): Promise<void>;
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function requestOf({ headers, method }: IncomingMessage, body: string): AwsRequest {
  const [target, operation] = String(headers['x-amz-target'] ?? '').split('.');
  if (target?.startsWith('DynamoDB')) return { service: 'dynamodb', operation: operation ?? '', body };
  if (target === 'AmazonSQS') return { service: 'sqs', operation: operation ?? '', body };
  if (target?.startsWith('AWSCognito')) return { service: 'cognito', operation: operation ?? '', body };
  const action = new URLSearchParams(body).get('Action');
  return action
    ? { service: 'sts', operation: action, body }
    : { service: 's3', operation: method ?? '', body };
}

/** Starts the server on a free port. */
export async function startFaultyAws(): Promise<FaultyAws> {
  const requests: AwsRequest[] = [];
  const server: Server = createServer(async (incoming, response) => {
    // A caller that stops waiting closes the connection during a body.
    const text = await textOf(incoming).catch(() => undefined);
    if (text === undefined) return;
    const request = requestOf(incoming, text);
    requests.push(request);
    const answer = faulty.answer(request);
    if (answer === 'drop') incoming.socket.destroy();
    else if (answer !== 'hang') response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const faulty: FaultyAws = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: () => 'drop',
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return faulty;
}

/** An error in the protocol of DynamoDB and Cognito. */
export const jsonError = (type: string, status = 400): AwsAnswer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: `com.amazonaws#${type}`, message: `internal detail of ${type}` }),
});
/** An error in the protocol of S3 and STS. */
export const xmlError = (code: string, status: number): AwsAnswer => ({
  status,
  body: `<ErrorResponse><Error><Code>${code}</Code><Message>internal detail</Message></Error></ErrorResponse>`,
});
/** A success in the protocol of DynamoDB and Cognito. */
export const json = (body: object): AwsAnswer => ({ status: 200, body: JSON.stringify(body) });
