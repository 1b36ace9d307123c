import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { type FunctionRow, MANIFEST, MEMORY_IN_MEGABYTES } from '../../functions/manifest.ts';
import { type EventInput, type EventOrigin, eventOf } from './events.ts';

/** The default workspace and gateway of an event. */
export const DEFAULT_WORKSPACE = '00000000-0000-4000-8000-000000000000';
export const DEFAULT_GATEWAY = 'GATEWAY0000001';

/** The default origin of an event. */
export const DEFAULT_ORIGIN: EventOrigin = {
  region: 'eu-central-1',
  accountId: '123456789012',
  bucket: 'media-bucket',
  environment: {},
};

/** Long enough to stop at a breakpoint. */
const REMAINING_IN_MILLISECONDS = 900_000;

/** The context that Lambda would pass to the function. */
export const contextOf = (
  { name, memoryInMegabytes = MEMORY_IN_MEGABYTES }: FunctionRow,
  { region, accountId }: EventOrigin,
): Context =>
  ({
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${name}`,
    memoryLimitInMB: String(memoryInMegabytes),
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: 'invoke',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => REMAINING_IN_MILLISECONDS,
  }) as Context;

interface HttpResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: string;
}

/** Whether a handler returned an HTTP response. */
export const isHttpResult = (result: unknown): result is HttpResult =>
  typeof result === 'object' && result !== null && 'statusCode' in result;

/** Parses text that is JSON; returns any other text as it is. */
export function parsedJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return text;
  }
}

/** What a handler returned. The body of an HTTP response is parsed. */
export const readableResult = (result: unknown): unknown =>
  isHttpResult(result)
    ? { status: result.statusCode, headers: result.headers ?? {}, body: parsedJson(result.body) }
    : (result ?? null);

/** The parts of the event that a test sets; the rest has defaults. */
export type HandlerInput = Partial<Omit<EventInput, 'body'>> & { readonly body?: unknown };

/**
 * Calls a handler as AWS would, with an event made from `input`. Resolves to what it returned; for an HTTP
 * function that is `{ status, headers, body }`.
 */
export async function callHandler(
  handler: (event: never, context: Context) => Promise<unknown>,
  functionName: string,
  { body, ...input }: HandlerInput = {},
): Promise<unknown> {
  const row = MANIFEST.find(({ name }) => name === functionName);
  if (!row) throw new Error(`There is no function ${functionName}`);
  const event = eventOf(
    row,
    {
      workspaceId: DEFAULT_WORKSPACE,
      gatewaySn: DEFAULT_GATEWAY,
      user: 'pilot',
      pathParameters: {},
      query: [],
      headers: {},
      ...input,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    },
    DEFAULT_ORIGIN,
  );
  return readableResult(await handler(event as never, contextOf(row, DEFAULT_ORIGIN)));
}
