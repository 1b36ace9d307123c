/** The local stack as a process of its own, so that a benchmark's work is not counted as the stack's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Endpoints, readEndpoints } from '../local/endpoints.ts';
import { atTheEnd } from './scratch.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** What a process may be told before it begins. */
export interface Runtime {
  /** Flags of Node itself, such as `--max-semi-space-size=1`. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** How to start it. */
export interface StackProcessOptions {
  readonly dataDirectory: string;
  /** @default what `npm start` chooses */
  readonly runtime?: Runtime;
}

/** A running local stack. */
export interface StackProcess {
  readonly endpoints: Endpoints;
  readonly dataDirectory: string;
  readonly processId: number;
  /** Stops it as Ctrl-C does; the data stays. */
  stop(): Promise<void>;
}

/** Starts the stack on free ports, without the sample flight, and waits until it is ready. */
export async function startStackProcess(options: StackProcessOptions): Promise<StackProcess> {
  const { dataDirectory, runtime } = options;
  const entry = runtime ? join('bench', 'plain-start.ts') : join('local', 'start.ts');
  const child = spawn(
    process.execPath,
    [...(runtime?.flags ?? []), entry, '--data', dataDirectory, '--port', '0', '--no-sample'],
    {
      cwd: PROJECT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...runtime?.environment },
    },
  );
  atTheEnd(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');

  let said = '';
  const ready = Promise.withResolvers<void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/^Ready in /m.test(said)) ready.resolve();
  });
  void closed.then(([exitCode]) =>
    ready.reject(new Error(`The local stack ended with exit code ${exitCode} before it was ready:\n${said}`)),
  );
  await ready.promise;

  const endpoints = readEndpoints(dataDirectory);
  if (!endpoints || child.pid === undefined) throw new Error('The local stack wrote no endpoints');
  return {
    endpoints,
    dataDirectory,
    processId: child.pid,
    async stop() {
      child.kill('SIGINT');
      await closed;
    },
  };
}

/** The first demo user, with the address to sign in at: what `PilotClient` and `uploadFolder` take. */
export function demoUser({ endpoints }: Pick<StackProcess, 'endpoints'>) {
  const [user] = endpoints.users;
  if (!user) throw new Error('The local stack has no users');
  return {
    api: endpoints.api,
    username: user.username,
    password: user.password,
    workspaceId: user.workspace_id,
  };
}

/** Settings of an SDK client that calls one of the stack's services as the account's administrator. */
export function administrator(
  { endpoints }: Pick<StackProcess, 'endpoints'>,
  service: 's3' | 'dynamodb' | 'sqs',
) {
  const { region, root } = endpoints;
  return {
    endpoint: endpoints[service],
    region,
    credentials: { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key },
  };
}
