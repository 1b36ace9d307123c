import { DeviceRefusedError } from './errors.ts';
import { type DeviceRegistry, type Gateway, isGatewaySn, isSafeClientId, type Topology } from './gateway.ts';
import { passwordMatches } from './gateway-password.ts';

/** What a device says of itself when it connects to the broker. */
export interface SignIn {
  readonly sn: string;
  readonly password: string;
  readonly clientId: string;
}

/** A gateway that may connect, with those of its drones that it may speak for. */
export type AdmittedGateway = Gateway & { readonly topology: Topology };

/** Another gateway's client id would throw that gateway off the broker. */
async function clientIdIsTaken(registry: DeviceRegistry, clientId: string, sn: string): Promise<boolean> {
  return clientId !== sn && isGatewaySn(clientId) && (await registry.findGateway(clientId)) !== undefined;
}

/** A gateway speaks for its drones, which it names itself; what is registered speaks for itself. */
async function withOwnDrones(registry: DeviceRegistry, gateway: AdmittedGateway): Promise<AdmittedGateway> {
  const claimed = gateway.topology.online.filter(isGatewaySn);
  const registered = await Promise.all(claimed.map((sn) => registry.findGateway(sn)));
  const online = claimed.filter((_sn, index) => registered[index] === undefined);
  return { ...gateway, topology: { ...gateway.topology, online } };
}

/**
 * Lets a registered gateway in with its password. It takes the same time whether the gateway is unknown, revoked or has another
 * password. Throws `DeviceRefusedError`.
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
