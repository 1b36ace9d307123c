/**
 * Runs inside a function's worker thread: Lambda's Node.js runtime, as a handler sees it.
 *
 * It is JavaScript because each worker would strip the types again: 6 MB and 40 ms.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

// Node's own streams of a worker send several messages a line, and one more to wait for: a third of an
// invocation's time.
for (const [name, stream] of [
  ['stdout', process.stdout],
  ['stderr', process.stderr],
]) {
  const decoder = new StringDecoder('utf8');
  stream.write = (chunk, encoding, callback) => {
    const bytes =
      typeof chunk === 'string' && typeof encoding === 'string' ? Buffer.from(chunk, encoding) : chunk;
    const text = typeof bytes === 'string' ? bytes : decoder.write(Buffer.from(bytes));
    if (text !== '') parentPort.postMessage({ type: 'output', stream: name, text });
    const written = typeof encoding === 'function' ? encoding : callback;
    if (written) queueMicrotask(() => written(null));
    return true;
  };
}

const { codeDirectory, handlerName, functionName, functionArn, memoryInMegabytes, logGroup, logStream } =
  workerData;

/** @type {(event: unknown, context: object) => unknown} */
let handler;
try {
  handler = await loadHandler();
  parentPort.postMessage({ type: 'ready' });
} catch (error) {
  parentPort.postMessage({ type: 'init-error', error: errorOf(error) });
}

parentPort.on('message', async ({ requestId, event, deadline, traceId }) => {
  process.env._X_AMZN_TRACE_ID = traceId;
  let answer;
  try {
    const returned = await handler(JSON.parse(event), contextOf(requestId, deadline));
    answer = { type: 'result', requestId, payload: JSON.stringify(returned) ?? 'null' };
  } catch (error) {
    answer = { type: 'error', requestId, error: errorOf(error) };
  }
  parentPort.postMessage(answer);
});

async function loadHandler() {
  const dot = handlerName.lastIndexOf('.');
  const [module, name] = [handlerName.slice(0, dot), handlerName.slice(dot + 1)];
  const file = ['.js', '.mjs', '.cjs']
    .map((ending) => join(codeDirectory, module + ending))
    .find((path) => existsSync(path));
  if (!file) throw runtimeError('Runtime.ImportModuleError', `Error: Cannot find module '${module}'`);
  const exports = await import(pathToFileURL(file).href);
  const found = exports[name] ?? exports.default?.[name];
  if (typeof found !== 'function') {
    throw runtimeError('Runtime.HandlerNotFound', `${handlerName} is undefined or not exported`);
  }
  return found;
}

function contextOf(requestId, deadline) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn,
    memoryLimitInMB: String(memoryInMegabytes),
    awsRequestId: requestId,
    logGroupName: logGroup,
    logStreamName: logStream,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function runtimeError(name, message) {
  return Object.assign(new Error(message), { name });
}

function errorOf(error) {
  if (!(error instanceof Error)) {
    return {
      errorType: typeof error,
      errorMessage: typeof error === 'string' ? error : String(JSON.stringify(error)),
      trace: [],
    };
  }
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}
