import { type RequestOptions, request } from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { RootCredentials } from './iam/identities.ts';
import type { Addresses, ServiceKey } from './services.ts';

/** Services with AWS's JSON protocol. */
const JSON_SERVICES = {
  cognito: { name: 'cognito-idp', target: 'AWSCognitoIdentityProviderService', version: '1.1' },
  dynamodb: { name: 'dynamodb', target: 'DynamoDB_20120810', version: '1.0' },
  eventbridge: { name: 'events', target: 'AWSEvents', version: '1.1' },
  secretsmanager: { name: 'secretsmanager', target: 'secretsmanager', version: '1.1' },
  sqs: { name: 'sqs', target: 'AmazonSQS', version: '1.0' },
} as const satisfies Partial<Record<ServiceKey, unknown>>;

/**
 * Calls an operation of a service as the administrator of the account. Rejects with a `CallError` when it is
 * refused.
 */
export type AdministratorCall = (
  service: keyof typeof JSON_SERVICES,
  operation: string,
  input: Readonly<Record<string, unknown>>,
) => Promise<Record<string, unknown>>;

/** A refusal by the service, with the service's own error code as name. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Calls services as the administrator, without the SDK: a client of the SDK costs each start 100 ms, and the
 * running process 10 MB.
 */
export function administratorCall(options: {
  readonly addresses: Addresses;
  readonly region: string;
  readonly root: RootCredentials;
}): AdministratorCall {
  return async (key, operation, input) => {
    const address = options.addresses[key];
    if (address === undefined)
      throw new Error(`The template has no resources of ${key}, so the service does not run`);
    const { name, target, version } = JSON_SERVICES[key];
    const { hostname, port, host } = new URL(address);
    const body = JSON.stringify(input);
    const signer = new SignatureV4({
      service: name,
      region: options.region,
      sha256: Sha256,
      credentials: options.root,
    });
    const { headers } = await signer.sign(
      new HttpRequest({
        method: 'POST',
        path: '/',
        headers: {
          host,
          'content-type': `application/x-amz-json-${version}`,
          'x-amz-target': `${target}.${operation}`,
        },
        body,
      }),
    );
    const answer = await post({ hostname: hostname.replace(/^\[|\]$/g, ''), port, headers }, body);
    const document = answer.text === '' ? {} : (JSON.parse(answer.text) as Record<string, unknown>);
    if (answer.statusCode === 200) return document;
    const code = String(document['__type']).replace(/^.*#/, '');
    throw new CallError(
      code,
      `${operation} failed: ${code} ${document['message'] ?? document['Message'] ?? ''}`,
    );
  };
}

function post(
  options: RequestOptions,
  body: string,
): Promise<{ statusCode: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...options, method: 'POST', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ statusCode: response.statusCode, text }));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
