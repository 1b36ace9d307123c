import { DeviceRefusedError } from './errors.ts';
import { clientIdsOf, type DeviceRegistry, type Gateway, isGatewaySn } from './gateway.ts';
import { passwordMatches } from './gateway-password.ts';
import type { Topology } from './topology.ts';

/** What a device sends when it connects to the broker. */
export interface SignIn {
  readonly sn: string;
  readonly password: string;
  readonly clientId: string;
}

/** A gateway that may connect. Its drones are those that are not registered as gateways. */
export type AdmittedGateway = Gateway & { readonly topology: Topology };

/** A gateway names its drones itself, so it could name another gateway to read that gateway's events. */
async function withOwnDrones(registry: DeviceRegistry, gateway: AdmittedGateway): Promise<AdmittedGateway> {
  const claimed = gateway.topology.drones;
  const registered = await Promise.all(
    claimed.map(({ sn }) => (isGatewaySn(sn) ? registry.findGateway(sn) : undefined)),
  );
  const drones = claimed.filter((_drone, index) => registered[index] === undefined);
  return { ...gateway, topology: { ...gateway.topology, drones } };
}

/**
 * Authenticates a registered gateway by its password. It takes the same time for an unknown gateway, a
 * revoked one and a wrong password. Throws `DeviceRefusedError`.
 */
export async function admitDevice(
  registry: DeviceRegistry,
  { sn, password, clientId }: SignIn,
): Promise<AdmittedGateway> {
  const gateway = isGatewaySn(sn) ? await registry.findGateway(sn) : undefined;
  const matches = passwordMatches(password, gateway?.passwordHash);
  if (!gateway || gateway.revoked || !matches)
    throw new DeviceRefusedError('unknown, revoked or wrong password');
  if (!clientIdsOf(gateway.sn).includes(clientId))
    throw new DeviceRefusedError('client id other than the serial number');
  return await withOwnDrones(registry, gateway);
}
