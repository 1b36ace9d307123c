/** The dock to play and where, from the command line, the environment, and the local stack. */
import { join } from 'node:path';
import { ArgumentError } from '../common/arguments.ts';
import { readLocalEndpoints } from '../common/local-endpoints.ts';

/** The variable with the password. Unlike an option, it does not show in lists of processes. */
export const DOCK_PASSWORD_VARIABLE = 'DJI_MEDIA_LIBRARY_DOCK_PASSWORD';

/** A registered dock of the local stack. */
export interface LocalDock {
  readonly sn: string;
  readonly username: string;
  readonly password: string;
  readonly workspace_id: string;
}

/** The part of `endpoints.json` that a dock needs. */
export interface LocalDockEndpoints {
  readonly mqtt: string;
  readonly mqtt_ws?: string;
  readonly docks: readonly LocalDock[];
}

/** All that is needed to sign in as a dock. */
export interface DockTarget {
  readonly mqtt: string;
  readonly sn: string;
  readonly username: string;
  readonly password: string;
  /** The organization to configure in the dock; known only for the local stack. */
  readonly workspaceId?: string;
}

/** The command line's part, and ways to find out the rest. */
export interface DockTargetRequest {
  readonly mqtt?: string;
  readonly sn?: string;
  readonly username?: string;
  readonly password?: string;
  readonly dataDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Asks on the terminal; undefined without a terminal. */
  readonly askPassword: ((username: string) => Promise<string>) | undefined;
}

const withoutSlash = (address: string): string => address.replace(/\/+$/, '');

/** Completes a request. The local stack's docks need no typed password, unless another broker is named. */
export async function resolveDockTarget(request: DockTargetRequest): Promise<DockTarget> {
  const local = await readLocalEndpoints<Partial<LocalDockEndpoints>>(request.dataDirectory);
  const mqtt = request.mqtt ?? local?.mqtt;
  if (!mqtt) {
    const file = join(request.dataDirectory, 'endpoints.json');
    throw new ArgumentError(
      local
        ? `${file} names no MQTT address: restart the local stack with "npm start", or give one with --mqtt`
        : `No ${file}: start the local stack with "npm start", or give the address with --mqtt`,
    );
  }
  const isLocal = [local?.mqtt, local?.mqtt_ws].some(
    (own) => own && withoutSlash(own) === withoutSlash(mqtt),
  );
  const docks = (isLocal && local?.docks) || [];
  const dock = request.sn ? docks.find(({ sn }) => sn === request.sn) : docks[0];
  const sn = request.sn ?? dock?.sn;
  if (!sn) throw new ArgumentError('--sn is missing: the serial number of which dock?');
  const username = request.username ?? dock?.username ?? sn;
  const password =
    request.password ??
    (username === dock?.username ? dock.password : undefined) ??
    (request.environment[DOCK_PASSWORD_VARIABLE] || undefined) ??
    (await request.askPassword?.(username));
  if (!password) {
    throw new ArgumentError(
      `No password for ${username}: set ${DOCK_PASSWORD_VARIABLE}, or run this on a terminal to type it`,
    );
  }
  return { mqtt, sn, username, password, ...(dock && { workspaceId: dock.workspace_id }) };
}
