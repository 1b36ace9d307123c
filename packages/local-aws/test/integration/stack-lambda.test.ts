import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { FunctionDefinition } from '../../lambda/definitions.ts';
import { type FailureRecord, Lambda, type LambdaOptions } from '../../lambda/lambda.ts';
import type { LogEntry } from '../../log.ts';
import { bundled, credentials } from './lambda-fixture.ts';

const entries: LogEntry[] = [];
const lambdas: Lambda[] = [];
afterEach(async () => {
  await Promise.all(lambdas.splice(0).map((lambda) => lambda.close()));
  entries.length = 0;
});

function lambdaOf(functions: FunctionDefinition[], options: Partial<LambdaOptions> = {}): Lambda {
  const lambda = new Lambda({
    functions,
    permissions: [],
    region: 'eu-central-1',
    accountId: '123456789012',
    endpoints: () => ({ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' }),
    credentials: ({ name }) => credentials(name, 3600),
    log: (entry) => entries.push(entry),
    retryDelaysInMilliseconds: [1],
    ...options,
  });
  lambdas.push(lambda);
  return lambda;
}

async function answerOf(lambda: Lambda, fn: FunctionDefinition, event: unknown = {}): Promise<unknown> {
  const result = await lambda.invoke(fn.arn, event);
  if (!result.ok) throw new Error(`${result.error.errorType}: ${result.error.errorMessage}`);
  return JSON.parse(result.payload);
}

const linesOf = (source: string) =>
  entries.filter((entry) => entry.source === source).map(({ line }) => line);

describe('a function in its worker', () => {
  it('gets the event and a context, and keeps its module between invocations', async () => {
    const fn = bundled(
      'warm',
      `let calls = 0;
       export const handler = async (event, context) => {
         const { getRemainingTimeInMillis, ...rest } = context;
         return { event, calls: ++calls, rest, remaining: getRemainingTimeInMillis() };
       };`,
    );
    const lambda = lambdaOf([fn]);
    expect(lambda.workers).toBe(0);
    const first = (await answerOf(lambda, fn, { a: ['ü'] })) as {
      rest: Record<string, unknown>;
      remaining: number;
    };
    expect(first).toMatchObject({
      event: { a: ['ü'] },
      calls: 1,
      rest: {
        functionName: 'warm',
        functionVersion: '$LATEST',
        invokedFunctionArn: fn.arn,
        memoryLimitInMB: '128',
        logGroupName: '/aws/lambda/warm',
      },
    });
    expect(first.rest['awsRequestId']).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.remaining).toBeGreaterThan(4000);
    expect(first.remaining).toBeLessThanOrEqual(5000);
    expect(await answerOf(lambda, fn)).toMatchObject({ calls: 2 });
    expect(lambda.workers).toBe(1);
  });

  it('has up to 15 minutes for each event, and knows its remaining time', async () => {
    const fn = bundled(
      'patient',
      'export const handler = async (_event, context) => context.getRemainingTimeInMillis();',
      { timeoutInSeconds: 900 },
    );
    const lambda = lambdaOf([fn]);
    for (const remaining of [await answerOf(lambda, fn), await answerOf(lambda, fn)]) {
      expect(remaining).toBeGreaterThan(840_000);
      expect(remaining).toBeLessThanOrEqual(900_000);
    }
  });

  it('can run elsewhere, with its environment and new credentials', async () => {
    const fn = bundled('elsewhere', 'export const handler = async () => process.env;');
    const lambda = lambdaOf([fn]);
    const { _X_AMZN_TRACE_ID: _ofOneEvent, ...inWorker } = (await answerOf(lambda, fn)) as Record<
      string,
      string
    >;
    const elsewhere = lambda.environment('elsewhere');
    expect(elsewhere).toEqual({
      ...inWorker,
      AWS_LAMBDA_LOG_STREAM_NAME: expect.stringMatching(/^outside\//),
    });
    expect(lambda.environment('nowhere')).toBeUndefined();
  });

  it('sees its own environment and credentials, and not those of this process', async () => {
    process.env['SECRET_OF_THE_HOST'] = 'leaked';
    const code = 'export const handler = async () => process.env;';
    const [one, other] = [bundled('one', code), bundled('other', code)];
    const lambda = lambdaOf([one, other]);
    const environment = (await answerOf(lambda, one)) as Record<string, string>;
    delete process.env['SECRET_OF_THE_HOST'];
    expect(environment).toMatchObject({
      TABLE: 'catalog',
      AWS_REGION: 'eu-central-1',
      AWS_LAMBDA_FUNCTION_NAME: 'one',
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
      AWS_ACCESS_KEY_ID: 'key of one',
      AWS_SESSION_TOKEN: 'token',
      _HANDLER: 'index.handler',
    });
    const foreign = Object.keys(environment).filter(
      (name) => !/^(AWS_|LAMBDA_|_|TABLE$|LANG$|TZ$)/.test(name),
    );
    expect(foreign).toEqual([]);
    expect(await answerOf(lambda, other)).toMatchObject({ AWS_ACCESS_KEY_ID: 'key of other' });
  });

  it('has its output in the log before its caller gets the response', async () => {
    const fn = bundled(
      'writer',
      `export const handler = async () => {
         console.log('a line'); console.error('two\\nlines'); process.stdout.write('no line break');
       };`,
    );
    expect(await answerOf(lambdaOf([fn]), fn)).toBeNull();
    expect(linesOf('writer').slice(0, 3).sort()).toEqual(['a line', 'lines', 'two']);
  });

  it('refuses invocations beyond its reserved concurrency, and takes them again later', async () => {
    const code = 'export const handler = () => new Promise((resolve) => setTimeout(resolve, 200, "done"));';
    const fn = bundled('reserved', code, { reservedConcurrency: 2 });
    const lambda = lambdaOf([fn]);
    const results = await Promise.all([1, 2, 3].map(() => lambda.invoke(fn.arn, {})));
    expect(results.map((result) => (result.ok ? result.payload : result.error.errorType))).toEqual([
      '"done"',
      '"done"',
      'TooManyRequestsException',
    ]);
    expect(linesOf('reserved').join()).toContain('TooManyRequestsException');
    expect(await answerOf(lambda, fn)).toBe('done');
  });

  it('takes all events in the end, whatever its reserved concurrency', async () => {
    const fn = bundled('reserved-events', 'export const handler = async (event) => event;', {
      reservedConcurrency: 1,
    });
    const lambda = lambdaOf([fn]);
    const results = await Promise.all([1, 2, 3].map((event) => lambda.invokeEvent(fn.arn, event)));
    expect(results).toEqual([1, 2, 3].map((event) => ({ ok: true, payload: String(event) })));
  });

  it('reports the errors of a handler, and continues', async () => {
    const fn = bundled(
      'thrower',
      `export const handler = async ({ bad }) => { if (bad) throw new TypeError('no good'); return 'fine'; };`,
    );
    const lambda = lambdaOf([fn]);
    const result = await lambda.invoke(fn.arn, { bad: true });
    expect(result).toMatchObject({ ok: false, error: { errorType: 'TypeError', errorMessage: 'no good' } });
    expect(entries.filter(({ level }) => level === 'error')).toMatchObject([{ source: 'thrower' }]);
    expect(await answerOf(lambda, fn)).toBe('fine');
  });

  it.each<[description: string, code: string, errorType: string, message: string]>([
    [
      'an uncaught error',
      `export const handler = () => new Promise(() => setTimeout(() => { throw new RangeError('later'); }));`,
      'RangeError',
      'later',
    ],
    [
      'process.exit',
      'export const handler = () => { process.exit(3); };',
      'Runtime.ExitError',
      'exit status 3',
    ],
    [
      'more memory than it has',
      'export const handler = () => { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); };',
      'Runtime.OutOfMemory',
      'signal: killed',
    ],
    [
      'a time-out',
      'export const handler = () => new Promise(() => {});',
      'Sandbox.Timedout',
      'Task timed out after 0.30 seconds',
    ],
    [
      'an endless loop',
      'export const handler = () => { for (;;); };',
      'Sandbox.Timedout',
      'Task timed out after 0.30 seconds',
    ],
  ])('that ends by %s fails that invocation only', async (description, code, errorType, message) => {
    const name = description.replaceAll(/\W/g, '-');
    const timesOut = errorType === 'Sandbox.Timedout';
    const fn = bundled(
      name,
      `let calls = 0; const crash = ${code.replace('export const handler = ', '')}
      export const handler = async (event) => event.crash ? crash() : ++calls;`,
      timesOut ? { timeoutInSeconds: 0.3 } : {},
    );
    const lambda = lambdaOf([fn], { limits: { perFunction: 1 } });
    const [crashed, next] = await Promise.all([
      lambda.invoke(fn.arn, { crash: true }),
      lambda.invoke(fn.arn, {}),
    ]);
    expect(crashed).toMatchObject({
      ok: false,
      error: { errorType, errorMessage: expect.stringContaining(message) },
    });
    expect(next).toEqual({ ok: true, payload: '1' });
  });

  it.each<[description: string, code: string, handler: string, errorType: string]>([
    ['its bundle throws', `throw new Error('Environment variable X is not set');`, 'index.handler', 'Error'],
    ['it has no such module', '', 'main.handler', 'Runtime.ImportModuleError'],
    ['it exports no such handler', 'export const other = 1;', 'index.handler', 'Runtime.HandlerNotFound'],
    ['it ends while it loads', 'process.exit(1);', 'index.handler', 'Runtime.ExitError'],
  ])('fails each invocation when %s', async (description, code, handler, errorType) => {
    const fn = bundled(description.replaceAll(' ', '-'), code, { handler });
    const lambda = lambdaOf([fn]);
    const results = await Promise.all([lambda.invoke(fn.arn, {}), lambda.invoke(fn.arn, {})]);
    for (const result of results) expect(result).toMatchObject({ ok: false, error: { errorType } });
    expect(lambda.workers).toBe(0);
  });

  it('refuses events and responses over 6 MB', async () => {
    const fn = bundled('large', `export const handler = async () => 'x'.repeat(7 * 1024 * 1024);`);
    const lambda = lambdaOf([fn]);
    expect(await lambda.invoke(fn.arn, 'x'.repeat(7 * 1024 * 1024))).toMatchObject({
      error: { errorType: 'RequestTooLargeException' },
    });
    expect(await lambda.invoke(fn.arn, {})).toMatchObject({
      error: { errorType: 'Function.ResponseSizeTooLarge' },
    });
  });
});

describe('the workers of a function', () => {
  const slow = `import { threadId } from 'node:worker_threads';
    let running = 0;
    export const handler = async ({ milliseconds }) => {
      running += 1;
      const together = running;
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      running -= 1;
      return { threadId, together };
    };`;

  it('process one event at a time, grow up to the limit, and shrink to one', async () => {
    const fn = bundled('busy', slow);
    const lambda = lambdaOf([fn], {
      limits: { perFunction: 3, growAfterInMilliseconds: 5, retireAfterInMilliseconds: 200 },
    });
    const answers = (await Promise.all(
      Array.from({ length: 12 }, () => answerOf(lambda, fn, { milliseconds: 150 })),
    )) as { threadId: number; together: number }[];
    expect(answers.map(({ together }) => together)).toEqual(Array(12).fill(1));
    expect(new Set(answers.map(({ threadId }) => threadId)).size).toBe(3);
    await expect.poll(() => lambda.workers).toBe(1);
  });

  it('stay one when it is fast enough', async () => {
    const fn = bundled('quick', slow);
    const lambda = lambdaOf([fn], { limits: { growAfterInMilliseconds: 1_000 } });
    await Promise.all(Array.from({ length: 50 }, () => answerOf(lambda, fn, { milliseconds: 1 })));
    expect(lambda.workers).toBe(1);
  });

  it('are stopped for functions that have none', async () => {
    const functions = ['a', 'b', 'c'].map((name) => bundled(`room-${name}`, slow));
    const lambda = lambdaOf(functions, { limits: { total: 2 } });
    const answers = functions.flatMap((fn) => [1, 2].map(() => answerOf(lambda, fn, { milliseconds: 20 })));
    await Promise.all(answers);
    expect(lambda.workers).toBeLessThanOrEqual(2);
  });

  it('are replaced before their credentials expire', async () => {
    const fn = bundled('renewed', `export const handler = async () => process.env.AWS_ACCESS_KEY_ID;`);
    let minted = 0;
    const lambda = lambdaOf([fn], {
      credentials: () => {
        minted += 1;
        return credentials(`session ${minted}`, minted === 1 ? 60 : 3600);
      },
    });
    const answers = [await answerOf(lambda, fn), await answerOf(lambda, fn), await answerOf(lambda, fn)];
    expect(answers).toEqual(['key of session 1', 'key of session 2', 'key of session 2']);
  });
});

describe('asynchronous invocation', () => {
  const flaky = (name: string, failures: number, overrides: Partial<FunctionDefinition> = {}) =>
    bundled(
      name,
      `let calls = 0;
       export const handler = async (event, { awsRequestId }) => {
         calls += 1;
         console.log(awsRequestId);
         if (calls <= ${failures}) throw new Error('not yet');
         return calls;
       };`,
      overrides,
    );

  it('is repeated with the same request id until it succeeds', async () => {
    const fn = flaky('flaky', 2);
    const result = await lambdaOf([fn]).invokeEvent(fn.arn, { a: 1 });
    expect(result).toEqual({ ok: true, payload: '3' });
    const ids = linesOf('flaky').filter((line) => !line.startsWith('{'));
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  it('ends at the on-failure destination after two retries', async () => {
    const records: [destination: string, record: FailureRecord][] = [];
    const fn = flaky('hopeless', 99, { onFailureArn: 'arn:aws:sqs:eu-central-1:123456789012:lost' });
    await lambdaOf([fn], { onFailure: (...record) => records.push(record) }).invokeEvent(fn.arn, { a: 1 });
    expect(records).toMatchObject([
      [
        'arn:aws:sqs:eu-central-1:123456789012:lost',
        {
          requestContext: {
            condition: 'RetriesExhausted',
            approximateInvokeCount: 3,
            functionArn: `${fn.arn}:$LATEST`,
          },
          requestPayload: { a: 1 },
          responsePayload: { errorType: 'Error', errorMessage: 'not yet' },
        },
      ],
    ]);
  });

  it('stops retrying when the stack closes', async () => {
    const fn = flaky('closing', 99);
    const lambda = lambdaOf([fn], { retryDelaysInMilliseconds: [60_000] });
    const result = lambda.invokeEvent(fn.arn, {});
    await expect.poll(() => entries.some(({ level }) => level === 'error')).toBe(true);
    await lambda.close();
    expect(await result).toMatchObject({ ok: false });
  });
});

describe('closing', () => {
  it('waits for running invocations', async () => {
    const fn = bundled(
      'finishing',
      `export const handler = () => new Promise((resolve) => setTimeout(() => resolve('done'), 300));`,
    );
    const lambda = lambdaOf([fn]);
    const running = answerOf(lambda, fn);
    await sleep(100);
    await lambda.close();
    expect(await running).toBe('done');
    expect(lambda.workers).toBe(0);
  });

  it('does not wait forever', async () => {
    const fn = bundled('stuck', `export const handler = () => new Promise(() => {});`);
    const lambda = lambdaOf([fn]);
    const running = lambda.invoke(fn.arn, {});
    await sleep(300);
    await lambda.close(50);
    expect(await running).toMatchObject({ ok: false });
  });
});

describe('permissions', () => {
  it('allow only the named source to invoke the function', () => {
    const fn = bundled('permitted', '');
    const lambda = lambdaOf([fn], {
      permissions: [
        {
          functionArn: fn.arn,
          principal: 'apigateway.amazonaws.com',
          sourceArn: 'arn:aws:execute-api:eu-central-1:123456789012:api/*/*/a/{id}',
        },
      ],
    });
    const may = (path: string, principal = 'apigateway.amazonaws.com', target = fn.arn) =>
      lambda.mayInvoke(target, {
        principal,
        sourceArn: `arn:aws:execute-api:eu-central-1:123456789012:${path}`,
      });
    expect(may('api/$default/GET/a/{id}')).toBe(true);
    expect(may('api/$default/GET/b')).toBe(false);
    expect(may('other/$default/GET/a/{id}')).toBe(false);
    expect(may('api/$default/GET/a/{id}', 'iot.amazonaws.com')).toBe(false);
    expect(may('api/$default/GET/a/{id}', 'apigateway.amazonaws.com', `${fn.arn}x`)).toBe(false);
  });
});
