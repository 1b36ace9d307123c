/** Where to upload to, and as whom: from the command line, the environment, and the local stack. */
import { join } from 'node:path';
import { ArgumentError } from '../common/arguments.ts';
import { readLocalEndpoints } from '../common/local-endpoints.ts';

/** The variable with the password. Unlike an option, it does not show in lists of processes. */
export const PASSWORD_VARIABLE = 'DJI_MEDIA_LIBRARY_PASSWORD';

/** The part of `endpoints.json` that a client needs. */
export interface LocalEndpoints {
  readonly api: string;
  readonly users: readonly { username: string; password: string; workspace_id: string }[];
}

/** All that is needed to sign in. */
export interface Target {
  readonly api: string;
  readonly username: string;
  readonly password: string;
}

/** The command line's part, and ways to find out the rest. */
export interface TargetRequest {
  readonly api?: string;
  readonly username?: string;
  readonly password?: string;
  readonly dataDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Asks on the terminal; undefined without a terminal. */
  readonly askPassword: ((username: string) => Promise<string>) | undefined;
}

/**
 * Completes a request. The local stack's demo users need no typed password, unless another address is named.
 */
export async function resolveTarget(request: TargetRequest): Promise<Target> {
  const local = await readLocalEndpoints<LocalEndpoints>(request.dataDirectory);
  const api = request.api ?? local?.api;
  if (!api) {
    const file = join(request.dataDirectory, 'endpoints.json');
    throw new ArgumentError(
      `No ${file}: start the local stack with "npm start", or give the address with --api`,
    );
  }
  const demoUsers = local && local.api.replace(/\/+$/, '') === api.replace(/\/+$/, '') ? local.users : [];
  const username = request.username ?? demoUsers[0]?.username;
  if (!username) throw new ArgumentError('--user is missing: who uploads?');
  const password =
    request.password ??
    demoUsers.find((user) => user.username === username)?.password ??
    (request.environment[PASSWORD_VARIABLE] || undefined) ??
    (await request.askPassword?.(username));
  if (!password) {
    throw new ArgumentError(
      `No password for ${username}: set ${PASSWORD_VARIABLE}, or run this on a terminal to type it`,
    );
  }
  return { api, username, password };
}
