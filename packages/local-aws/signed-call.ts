import { type RequestOptions, request } from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import type { RootCredentials } from './iam/identities.ts';

/** A service of the local stack that speaks AWS's JSON protocol, and who calls it. */
export interface JsonServiceAddress {
  readonly address: string;
  readonly region: string;
  readonly root: RootCredentials;
  /** As in the credential scope, such as `dynamodb`. */
  readonly service: string;
  /** Before the dot in `X-Amz-Target`. */
  readonly target: string;
  readonly contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1';
}

/** A refusal of the service, under its own name. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Calls an operation as the administrator. By hand, since one client of the SDK would cost every start 100 ms and the
 * running stack 10 MB.
 */
export async function signedCall(
  service: JsonServiceAddress,
  operation: string,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { hostname, port, host } = new URL(service.address);
  const body = JSON.stringify(input);
  const signer = new SignatureV4({
    service: service.service,
    region: service.region,
    sha256: Sha256,
    credentials: service.root,
  });
  const { headers } = await signer.sign(
    new HttpRequest({
      method: 'POST',
      path: '/',
      headers: {
        host,
        'content-type': service.contentType,
        'x-amz-target': `${service.target}.${operation}`,
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
