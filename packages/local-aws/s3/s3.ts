import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { AwsError } from '../http/aws-error.ts';
import type { LocalService } from '../http/local-service.ts';
import type { Identities } from '../iam/identities.ts';
import { checkPolicy } from '../iam/policy-validation.ts';
import { authenticate } from '../iam/sigv4.ts';
import { sendEmpty, sendError } from './answers.ts';
import { corsHeaders, preflightHeaders } from './cors.ts';
import type { BucketDefinition, S3Event } from './definitions.ts';
import { internalError } from './errors.ts';
import { ClientGone } from './incoming-body.ts';
import { perform } from './operations.ts';
import { type Bucket, S3Call, type S3Context } from './s3-call.ts';
import { S3Request } from './s3-request.ts';
import type { ChangeListener } from './store/announcements.ts';
import { BucketStore } from './store/bucket-store.ts';

export type { BucketDefinition, CorsRule, S3Event, S3EventName } from './definitions.ts';

/** How to start the local S3. */
export interface S3Options {
  readonly identities: Identities;
  readonly region: string;
  /** Folder with a folder for each bucket. */
  readonly dataDirectory: string;
  readonly buckets: readonly BucketDefinition[];
  /**
   * Called for each change in a bucket with notifications, after it is on disk: at least once, also when the
   * process is killed meanwhile. It is called again when it fails. @default no notifications
   */
  readonly onEvent?: ((event: S3Event) => Promise<void> | void) | undefined;
  /**
   * Called when the notification configuration of a bucket has changed, until it succeeds. @default ignored
   */
  readonly onConfigured?: ((bucketName: string) => Promise<void>) | undefined;
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
  /** Gets errors of the service itself. @default standard error */
  readonly log?: ((line: string) => void) | undefined;
  /** What to do when objects are lost; it is part of that message. @default nothing */
  readonly lossAdvice?: string | undefined;
}

/** An idle connection is closed after this time. */
const IDLE_TIMEOUT_IN_MILLISECONDS = 120_000;
/** Longer than clients keep connections, so that none is closed while a client sends its next request. */
const KEEP_ALIVE_IN_MILLISECONDS = 65_000;

/** The parts of S3 that the local stack uses. */
export interface LocalS3 extends LocalService {
  /**
   * Sends notifications that were missed because the process was killed. Call it when the listener is ready.
   */
  announceMissed(): void;
}

/** Opens the buckets, removes leftovers of a killed process, and creates the server. The caller listens. */
export function createS3(options: S3Options): LocalS3 {
  const clock = options.clock ?? (() => new Date());
  const log = options.log ?? ((line) => console.error(line));
  const buckets = new Map<string, Bucket>();
  for (const definition of options.buckets) {
    if (definition.policy) checkPolicy(definition.policy, 'resource');
    const directory = join(options.dataDirectory, bucketFolder(definition.name));
    buckets.set(definition.name, {
      definition,
      store: new BucketStore({
        directory,
        versioned: definition.versioned,
        clock,
        log,
        lossAdvice: options.lossAdvice,
        listener: changeListener(definition, options),
      }),
    });
  }
  const context: S3Context = {
    region: options.region,
    accountId: options.identities.accountId,
    buckets,
    clock,
    log,
  };

  const running = new Set<Promise<void>>();
  const accept = (message: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => {
    const answering = answer(message, response, { ...options, context, expectsContinue });
    running.add(answering);
    void answering.finally(() => running.delete(answering));
  };
  // A large file on a slow connection takes longer than any timeout for whole requests.
  const server = createServer({ requestTimeout: 0 });
  server.keepAliveTimeout = KEEP_ALIVE_IN_MILLISECONDS;
  server.timeout = IDLE_TIMEOUT_IN_MILLISECONDS;
  server.on('request', (message, response) => accept(message, response, false));
  server.on('checkContinue', (message, response) => accept(message, response, true));
  return {
    name: 's3',
    server,
    /** Aborts running uploads, which leave nothing behind. Resolves when all writes have ended. */
    async close() {
      const closed = server.listening
        ? new Promise<void>((resolve) => server.close(() => resolve()))
        : undefined;
      server.closeAllConnections();
      await Promise.all([closed, ...running]);
      await Promise.all([...buckets.values()].map(({ store }) => store.close()));
    },
    announceMissed() {
      for (const { store } of buckets.values()) store.announceMissed();
    },
  };
}

function changeListener(
  { name, versioned, notifications }: BucketDefinition,
  { onEvent, onConfigured }: S3Options,
): ChangeListener | undefined {
  if (!onEvent || !notifications) return undefined;
  return {
    configuration: JSON.stringify(notifications),
    configured: async () => onConfigured?.(name),
    changed: async ({ version, sequence, time, cause }) =>
      onEvent({
        ...cause,
        time: new Date(time),
        bucket: name,
        key: version.key,
        versionId: versioned ? version.versionId : undefined,
        eTag: version.eTag,
        size: version.size,
        sequencer: sequence.toString(16).toUpperCase().padStart(16, '0'),
      }),
  };
}

/** Never rejects: errors become responses, or the connection is closed. */
async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  options: S3Options & { context: S3Context; expectsContinue: boolean },
): Promise<void> {
  const { context, expectsContinue } = options;
  const requestId = randomUUID();
  response.setHeader('x-amz-request-id', requestId);
  response.setHeader('x-amz-id-2', requestId);
  // A client that waits for `100 Continue` may not get it. Then it is unknown whether it sends the body.
  if (expectsContinue) response.setHeader('connection', 'close');
  try {
    const request = new S3Request(message, context.buckets.keys());
    const rules = context.buckets.get(request.bucketName ?? '')?.definition.cors ?? [];
    if (request.method === 'OPTIONS') {
      sendEmpty(response, 200, preflightHeaders(message, rules));
      return;
    }
    for (const [name, value] of Object.entries(corsHeaders(message, rules) ?? {})) {
      if (value !== undefined) response.setHeader(name, value);
    }
    const authenticated = await authenticate(message, { ...options, service: 's3' });
    await perform(new S3Call({ request, response, context, authenticated, expectsContinue }));
  } catch (error) {
    if (error instanceof ClientGone || message.socket.destroyed) return;
    if (!(error instanceof AwsError)) {
      context.log(
        `${message.method} ${message.url?.split('?')[0]} failed: ${describe(error)} (${requestId})`,
      );
    }
    sendError(response, error instanceof AwsError ? error : internalError(), requestId);
  }
}

/** Bucket names are safe as folder names: lower-case letters, digits, hyphens, and dots inside. */
function bucketFolder(name: string): string {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) return name;
  throw new Error(`"${name}" is not a valid bucket name`);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
