import type { WorkspaceId } from './workspace.ts';

/** A gateway's serial number: what a device signs in as and what its topics name. Only {@link isGatewaySn} text may become one. */
export type GatewaySn = string & { readonly brand: 'GatewaySn' };

const SERIAL_NUMBER = /^[A-Za-z0-9]{1,64}$/;

/** DJI's serial numbers are letters and digits: nothing that means anything to a topic filter or a policy. */
export const isGatewaySn = (value: string): value is GatewaySn => SERIAL_NUMBER.test(value);

/** Client ids that mean nothing to a topic filter or a policy. */
const SAFE_CLIENT_ID = /^[A-Za-z0-9_:.@=-]{1,128}$/;

/** Whether a device may connect to the broker under this client id. */
export const isSafeClientId = (clientId: string): boolean => SAFE_CLIENT_ID.test(clientId);

/** A registered device that speaks for itself and for its drone: a dock, or a remote controller. */
export interface Gateway {
  readonly sn: GatewaySn;
  readonly workspaceId: WorkspaceId;
  /** What the dock shows as its organization. */
  readonly workspaceName: string;
  /** As {@link hashPassword} makes it. */
  readonly passwordHash: string;
  readonly revoked: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** A device below a gateway. */
export interface TopologyDevice {
  readonly sn: string;
  /** DJI's numbers of domain, type and sub-type, such as `0-67-0`. */
  readonly modelKey?: string;
}

/** What hangs on a gateway. */
export interface Topology {
  readonly gatewayModelKey?: string;
  /** Drones that were online with it; they stay known when they go offline. */
  readonly drones: readonly TopologyDevice[];
  /** Serial numbers of the drones that are online now. */
  readonly online: readonly string[];
  /** Names that operators gave, by serial number. */
  readonly callsigns: Readonly<Record<string, string>>;
}

export const EMPTY_TOPOLOGY: Topology = { drones: [], online: [], callsigns: {} };

/** What the library needs from the registry of devices; implemented in `adapters/`. */
export interface DeviceRegistry {
  /** Revoked ones too: the caller decides. */
  findGateway(sn: GatewaySn): Promise<(Gateway & { readonly topology: Topology }) | undefined>;
  /** Resolves to false, and writes nothing, when the serial number is registered already. */
  createGateway(gateway: Gateway): Promise<boolean>;
  /** Also makes a revoked gateway good again. Resolves to false when it is not registered. */
  replacePassword(sn: GatewaySn, passwordHash: string): Promise<boolean>;
  /** Resolves to false when it is not registered. */
  revoke(sn: GatewaySn): Promise<boolean>;
  listGateways(workspaceId: WorkspaceId): Promise<readonly Gateway[]>;
  rememberTopology(
    sn: GatewaySn,
    topology: { gatewayModelKey?: string; drones: readonly TopologyDevice[] },
    at: string,
  ): Promise<void>;
  nameDevice(sn: GatewaySn, deviceSn: string, callsign: string): Promise<void>;
}
