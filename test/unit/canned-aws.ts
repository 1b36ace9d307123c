import { Readable } from 'node:stream';
import { HttpResponse } from '@smithy/protocol-http';

/** The response to one attempt. */
export interface CannedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request of the SDK. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

const textOf = (body: string | Uint8Array | undefined): string =>
  typeof body === 'string' ? body : new TextDecoder().decode(body);

/**
 * Settings of SDK clients, with their retries, that get fixed responses: one for each attempt, and then the
 * last one again. An `Error` is a failed connection.
 */
export function cannedAws(...answers: (CannedAnswer | Error)[]) {
  const sent: SentRequest[] = [];
  const settings = {
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' },
    requestHandler: {
      // biome-ignore lint/suspicious/noExplicitAny: a request of the SDK, of which three fields are read
      handle: async (request: any) => {
        sent.push({
          method: request.method,
          path: request.path,
          body: textOf(request.body),
        });
        const answer = answers[Math.min(sent.length, answers.length) - 1];
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error('nothing canned');
        const { status, headers = {}, body = '' } = answer;
        return {
          response: new HttpResponse({
            statusCode: status,
            headers: { ...headers },
            body: Readable.from([Buffer.from(body)]),
          }),
        };
      },
    },
  };
  return { sent, settings };
}
