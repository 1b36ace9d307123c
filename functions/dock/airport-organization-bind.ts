/**
 * `airport_organization_bind` on `thing/product/{sn}/requests`
 *
 * A dock binds itself and its drone to the workspace that it is registered in, and sends their call signs.
 * Only the dock's own topology changes. The function does not look up the other devices, so the reply does
 * not tell whether another workspace has registered them.
 */
import { type DeviceRegistry, isGatewaySn } from '../core/gateway.ts';
import { CALLSIGN_LIMIT, updatedNames } from '../core/topology.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts } from '../ports.ts';
import { AIRPORT_ORGANIZATION_BIND, type OrganizationBindData } from '../protocol/onboarding.ts';

/** DJI's codes: failed to bind, and bound to another organization (protocol section 5). */
const FAILED_TO_BIND = 210231;
const BOUND_ELSEWHERE = 210232;

type BindDevice = OrganizationBindData['bind_devices'][number];

const callsignOf = ({ device_callsign: callsign }: BindDevice): string => callsign ?? '';

/** 0 for a device that may be bound. */
const errorCodeOf = (device: BindDevice, workspaceId: string): number => {
  if (device.organization_id !== workspaceId) return BOUND_ELSEWHERE;
  return isGatewaySn(device.sn) && [...callsignOf(device)].length <= CALLSIGN_LIMIT ? 0 : FAILED_TO_BIND;
};

export const airportOrganizationBind =
  (registry: DeviceRegistry): DockEndpoint<typeof AIRPORT_ORGANIZATION_BIND> =>
  async ({ gateway, data }) => {
    const results = data.bind_devices.map((device) => ({
      device,
      err_code: errorCodeOf(device, gateway.workspaceId),
    }));
    const bound = results.filter(({ err_code }) => err_code === 0).map(({ device }) => device);
    // If a device comes twice, its last name counts.
    const given = new Map(
      bound.map((device) => [device.sn, { sn: device.sn, callsign: callsignOf(device) }]),
    );
    const names = updatedNames(gateway.topology.names, [...given.values()]);
    if (names) await registry.rememberNames(gateway.sn, names);
    return { err_infos: results.map(({ device, err_code }) => ({ sn: device.sn, err_code })) };
  };

const ports = dockPorts();

export const handler = dockEndpoint(
  AIRPORT_ORGANIZATION_BIND,
  airportOrganizationBind(ports.registry),
  ports,
);
