/** How a dock comes online and goes offline: topology, settings, organization. */
import { type Exchanges, RefusedError } from './exchanges.ts';
import type { Drone } from './flight-files.ts';
import type { Fields } from './messages.ts';

/** DJI Dock 2. */
const DOCK_MODEL_KEY = '3-2-0';
const DOCK_CALLSIGN = 'Dock';
const DRONE_CALLSIGN = 'Dock drone';
/** Version of the interface that this dock implements. */
const THING_VERSION = '1.3.0';

/** A dock that comes online. */
export interface DockSetUp {
  readonly sn: string;
  readonly drone: Drone;
  /**
   * The organization that an operator configured. Without it, the dock cannot bind anything that is not
   * bound.
   */
  readonly organizationId?: string | undefined;
  /** Gets a line of text to show. */
  readonly onNews: (text: string) => void;
}

/** The organization that the dock is in. */
export interface Organization {
  readonly id: string;
  readonly name: string;
}

interface BindStatus {
  readonly sn?: unknown;
  readonly is_device_bind_organization?: unknown;
  readonly organization_id?: unknown;
  readonly organization_name?: unknown;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const outputOf = (reply: Fields): Fields => (reply['output'] ?? {}) as Fields;
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value : []);

/** Domain, type and sub-type of a model key. */
function modelNumbers(modelKey: string): object {
  const [domain, type, subType] = modelKey.split('-').map(Number);
  return { domain, type, sub_type: subType };
}

/** The `data` of `update_topo`. Without a drone, it reports the drone as offline. */
export const topology = (drone: Drone | undefined): object => ({
  ...modelNumbers(DOCK_MODEL_KEY),
  thing_version: THING_VERSION,
  sub_devices: drone
    ? [{ sn: drone.sn, ...modelNumbers(drone.modelKey), index: 'A', thing_version: THING_VERSION }]
    : [],
});

/** Takes all steps of coming online. Throws when the cloud refuses this dock. */
export async function goOnline(
  exchanges: Exchanges,
  setUp: DockSetUp,
  signal: AbortSignal,
): Promise<Organization | undefined> {
  await exchanges.ask({ channel: 'status', method: 'update_topo', data: topology(setUp.drone), signal });
  await askForSettings(exchanges, setUp, signal);
  return settleOrganization(exchanges, setUp, signal);
}

/** Reports the drone as gone, which is how a dock goes offline. */
export async function goOffline(exchanges: Exchanges, signal: AbortSignal): Promise<void> {
  await exchanges.ask({ channel: 'status', method: 'update_topo', data: topology(undefined), signal });
}

async function askForSettings(
  exchanges: Exchanges,
  { onNews }: DockSetUp,
  signal: AbortSignal,
): Promise<void> {
  try {
    const data = { config_type: 'json', config_scope: 'product' };
    // No later step depends on it, so it is tried only twice.
    const retry = { attempts: 2 };
    const settings = await exchanges.ask({ channel: 'requests', method: 'config', data, signal, retry });
    const missing = ['ntp_server_host', 'app_id', 'app_key', 'app_license'].filter((name) => !settings[name]);
    if (missing.length > 0) onNews(`The settings lack ${missing.join(', ')}: a real dock would stop here.`);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    onNews(`${error.message}. Is the secret with the dock settings filled in? A real dock would stop here.`);
  }
}

async function settleOrganization(
  exchanges: Exchanges,
  setUp: DockSetUp,
  signal: AbortSignal,
): Promise<Organization | undefined> {
  const { sn, drone, onNews } = setUp;
  const ask = (method: string, data: object): Promise<Fields> =>
    exchanges.ask({ channel: 'requests', method, data, signal });

  const devices = [{ sn }, { sn: drone.sn }];
  const reply = await ask('airport_bind_status', { devices });
  const statuses = listOf(outputOf(reply)['bind_status']) as readonly BindStatus[];
  const isBound = (serialNumber: string): boolean =>
    statuses.some((status) => status.sn === serialNumber && status.is_device_bind_organization === true);
  const own = statuses.find((status) => status.sn === sn);
  const bound = isBound(sn)
    ? { id: textOf(own?.organization_id), name: textOf(own?.organization_name) }
    : undefined;
  const loose = devices.filter((device) => !isBound(device.sn));
  const organizationId = bound?.id || setUp.organizationId;
  if (loose.length === 0) return bound;
  if (!organizationId) {
    onNews(`${loose.map((device) => device.sn).join(' and ')} has no organization, and none was given.`);
    return bound;
  }

  const code = { device_binding_code: sn, organization_id: organizationId };
  const organization = await ask('airport_organization_get', code);
  const bindings = loose.map((device) => ({
    ...code,
    sn: device.sn,
    device_model_key: device.sn === sn ? DOCK_MODEL_KEY : drone.modelKey,
    device_callsign: device.sn === sn ? DOCK_CALLSIGN : DRONE_CALLSIGN,
  }));
  const outcome = await ask('airport_organization_bind', { bind_devices: bindings });
  for (const { sn: serialNumber, err_code: code } of listOf(outputOf(outcome)['err_infos'])) {
    if (code === 0) continue;
    const { message } = new RefusedError(`binding ${serialNumber}`, Number(code));
    if (serialNumber === sn) throw new Error(message);
    onNews(`${message}.`);
  }
  return bound ?? { id: organizationId, name: textOf(outputOf(organization)['organization_name']) };
}
