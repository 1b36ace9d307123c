import { vi } from 'vitest';
import { fixture } from '../fixtures/fixture.ts';
import { FINGERPRINT, TINY_FINGERPRINT } from '../fixtures/library.ts';
import { type Answer, call, type Request } from '../unit/http-requests.ts';

/** A function of the HTTP API that calls a service of AWS. */
export type FunctionName =
  | 'login'
  | 'token-refresh'
  | 'fast-upload'
  | 'tiny-fingerprints'
  | 'sts'
  | 'upload-callback'
  | 'group-upload-callback';

const CALLBACK = fixture('pilot', 'upload-callback').body;

/** The object that the callback reports. */
export const CALLBACK_OBJECT_KEY: string = CALLBACK.object_key;

/** A valid request for each function. */
export const REQUESTS: Record<FunctionName, Request> = {
  login: { body: { username: 'pilot', password: 'pass' }, claims: null },
  'token-refresh': { body: { refresh_token: 'refresh' }, claims: null },
  'fast-upload': { body: { fingerprint: FINGERPRINT, name: 'copy.jpg' } },
  'tiny-fingerprints': { body: { tiny_fingerprints: [TINY_FINGERPRINT] } },
  sts: {},
  'upload-callback': { body: CALLBACK },
  'group-upload-callback': { body: fixture('pilot', 'group-upload-callback').body },
};

/** The handlers, with one address for all services. */
export interface Functions {
  /** Sends the valid request with changes. */
  ask(name: FunctionName, changes?: Request, remainingInMilliseconds?: number): Promise<Answer>;
  /** Restores the variables of this process. */
  unload(): void;
}

/** The variables of the stack and of Lambda, with one address for all services. */
const environment = (address: string) => ({
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'function-secret-key',
  AWS_SESSION_TOKEN: 'function-session-token',
  AWS_ENDPOINT_URL: address,
  MEDIA_TABLE_NAME: 'media-table',
  MEDIA_BUCKET_NAME: 'media-bucket',
  UPLOAD_ROLE_ARN: 'arn:aws:iam::123456789012:role/upload',
  OBJECT_STORAGE_ENDPOINT: 'https://s3.eu-central-1.amazonaws.com',
  USER_POOL_CLIENT_ID: 'client',
  CHANGES_QUEUE_URL: `${address}/123456789012/changes`,
  DIGESTS_QUEUE_URL: `${address}/123456789012/digests`,
  FLIGHT_CHECKS_QUEUE_URL: `${address}/123456789012/flight-checks`,
});

/** Loads all handlers. Once in a test file: a handler's file reads its variables when it is imported. */
export async function loadFunctions(
  address: string,
  variables: Record<string, string> = {},
): Promise<Functions> {
  for (const [name, value] of Object.entries({ ...environment(address), ...variables }))
    vi.stubEnv(name, value);
  const handlers = new Map<string, unknown>();
  for (const name of Object.keys(REQUESTS)) {
    handlers.set(name, (await import(`../../functions/http/${name}.ts`)).handler);
  }
  return {
    ask: (name, changes = {}, remainingInMilliseconds = 20_000) =>
      call(
        handlers.get(name),
        { ...REQUESTS[name], ...changes },
        { getRemainingTimeInMillis: () => remainingInMilliseconds },
      ),
    unload: () => vi.unstubAllEnvs(),
  };
}
