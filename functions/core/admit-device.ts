import { DeviceRefusedError } from './errors.ts';
import { type DeviceRegistry, type Gateway, isGatewaySn, isSafeClientId, type Topology } from './gateway.ts';
import { passwordMatches } from './gateway-password.ts';

/** What a device sends when it connects to the broker. */
export interface SignIn {
  readonly sn: string;
  readonly password: string;
  readonly clientId: string;
}

/** A gateway that may connect, and those of its drones that it may publish for. */
export type AdmittedGateway = Gateway & { readonly topology: Topology };

/** Connecting with the client id of another gateway would disconnect that gateway. */
async function clientIdIsTaken(registry: DeviceRegistry, clientId: string, sn: string): Promise<boolean> {
  return clientId !== sn && isGatewaySn(clientId) && (await registry.findGateway(clientId)) !== undefined;
}

/** A gateway publishes for the drones that it names, except those that are registered themselves. */
async function withOwnDrones(registry: DeviceRegistry, gateway: AdmittedGateway): Promise<AdmittedGateway> {
  const claimed = gateway.topology.online.filter(isGatewaySn);
  const registered = await Promise.all(claimed.map((sn) => registry.findGateway(sn)));
  const online = claimed.filter((_sn, index) => registered[index] === undefined);
  return { ...gateway, topology: { ...gateway.topology, online } };
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
  const matches = await passwordMatches(password, gateway?.passwordHash);
  if (!gateway || gateway.revoked || !matches)
    throw new DeviceRefusedError('unknown, revoked or wrong password');
  if (!isSafeClientId(clientId)) throw new DeviceRefusedError('unusable client id');
  if (await clientIdIsTaken(registry, clientId, sn))
    throw new DeviceRefusedError("another gateway's client id");
  return await withOwnDrones(registry, gateway);
}
