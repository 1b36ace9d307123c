import type { Topology } from './topology.ts';
import type { WorkspaceId } from './workspace.ts';

/**
 * A gateway's serial number, which it signs in with and which is in its topics. Only text that passes {@link
 * isGatewaySn} becomes one.
 */
export type GatewaySn = string & { readonly brand: 'GatewaySn' };

const SERIAL_NUMBER = /^[A-Za-z0-9]{1,64}$/;

/**
 * DJI's serial numbers are letters and digits, so they have no special meaning in topic filters and policies.
 */
export const isGatewaySn = (value: string): value is GatewaySn => SERIAL_NUMBER.test(value);

/**
 * The client ids of a gateway: its serial number, and the serial number with `-1` to `-4` for a bridge or an
 * engineer beside it. The broker has one connection for each client id, so a gateway has at most five, and
 * cannot end those of another: no serial number contains the separator.
 */
export const clientIdsOf = (sn: GatewaySn): readonly string[] => [
  sn,
  ...[1, 2, 3, 4].map((suffix) => `${sn}-${suffix}`),
];

/** A registered dock or remote controller, which publishes for itself and its drone. */
export interface Gateway {
  readonly sn: GatewaySn;
  readonly workspaceId: WorkspaceId;
  /** The name of the organization on the dock's display. */
  readonly workspaceName: string;
  /** Made by {@link hashPassword}. */
  readonly passwordHash: string;
  readonly revoked: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** The registry of devices. Implemented in `adapters/`. */
export interface DeviceRegistry {
  /** Returns revoked gateways too. */
  findGateway(sn: GatewaySn): Promise<(Gateway & { readonly topology: Topology }) | undefined>;
  /** Resolves to false, and writes nothing, when the serial number is already registered. */
  createGateway(gateway: Gateway): Promise<boolean>;
  /** Also undoes a revocation. Resolves to false when it is not registered. */
  replacePassword(sn: GatewaySn, passwordHash: string): Promise<boolean>;
  /** Resolves to false when it is not registered. */
  revoke(sn: GatewaySn): Promise<boolean>;
  listGateways(workspaceId: WorkspaceId): Promise<readonly Gateway[]>;
  /** Writes all but the names. */
  rememberDevices(sn: GatewaySn, topology: Omit<Topology, 'names'>): Promise<void>;
  /** Replaces the names. */
  rememberNames(sn: GatewaySn, names: Topology['names']): Promise<void>;
}
