/** A device that is connected to a gateway. */
export interface TopologyDevice {
  readonly sn: string;
  /** DJI's numbers of domain, type and sub-type, such as `0-67-0`. */
  readonly modelKey?: string;
}

/** A device with its call sign, which is empty when it has none. */
export interface NamedDevice {
  readonly sn: string;
  readonly callsign: string;
}

/** The devices that are connected to a gateway, as it reports them. */
export interface Topology {
  readonly gatewayModelKey?: string;
  /** Drones that were online with it, also when they are offline now. The latest first. */
  readonly drones: readonly TopologyDevice[];
  /** Serial numbers of the drones that are online now. */
  readonly online: readonly string[];
  /** Devices that were bound, the latest first. */
  readonly names: readonly NamedDevice[];
  /** When it last reported them, to the hour. ISO 8601, UTC. */
  readonly heardAt?: string;
}

/** The content of `update_topo`. */
export interface ReportedDevices {
  readonly gatewayModelKey?: string;
  /** The drones that are online, each once. */
  readonly drones: readonly TopologyDevice[];
}

export const EMPTY_TOPOLOGY: Topology = { drones: [], online: [], names: [] };

/** More devices than any gateway has. The limit keeps the item small: reads cost by size. */
export const DEVICE_LIMIT = 8;

/** The longest call sign, in characters. */
export const CALLSIGN_LIMIT = 64;

/** An unchanged topology is written again after this time, for {@link Topology.heardAt}. */
const REWRITE_AFTER_IN_MILLISECONDS = 3_600_000;

/** The newer devices, then the other older ones, up to the limit. */
const latest = <Device extends { readonly sn: string }>(
  newer: readonly Device[],
  older: readonly Device[],
): Device[] => {
  const sns = new Set(newer.map(({ sn }) => sn));
  return [...newer, ...older.filter(({ sn }) => !sns.has(sn))].slice(0, DEVICE_LIMIT);
};

const sameDevices = (left: readonly TopologyDevice[], right: readonly TopologyDevice[]): boolean =>
  left.length === right.length &&
  left.every(({ sn, modelKey }, index) => sn === right[index]?.sn && modelKey === right[index]?.modelKey);

/** The topology after a report; undefined when nothing changed. */
export function updatedTopology(
  known: Topology,
  reported: ReportedDevices,
  at: string,
): Topology | undefined {
  const gatewayModelKey = reported.gatewayModelKey ?? known.gatewayModelKey;
  // A model key that is missing this time is kept.
  const drones = reported.drones.map((drone) => {
    const modelKey = drone.modelKey ?? known.drones.find(({ sn }) => sn === drone.sn)?.modelKey;
    return { sn: drone.sn, ...(modelKey && { modelKey }) };
  });
  const next: Topology = {
    ...known,
    ...(gatewayModelKey && { gatewayModelKey }),
    drones: latest(drones, known.drones),
    online: drones.slice(0, DEVICE_LIMIT).map(({ sn }) => sn),
    heardAt: at,
  };
  const unchanged =
    next.gatewayModelKey === known.gatewayModelKey &&
    sameDevices(next.drones, known.drones) &&
    next.online.join() === known.online.join();
  const heardRecently =
    known.heardAt !== undefined && Date.parse(at) - Date.parse(known.heardAt) < REWRITE_AFTER_IN_MILLISECONDS;
  return unchanged && heardRecently ? undefined : next;
}

/** The names after others were given; undefined when nothing changed. */
export function updatedNames(
  known: readonly NamedDevice[],
  given: readonly NamedDevice[],
): readonly NamedDevice[] | undefined {
  const changed = given.filter(
    ({ sn, callsign }) => !known.some((device) => device.sn === sn && device.callsign === callsign),
  );
  return changed.length === 0 ? undefined : latest(changed, known);
}
