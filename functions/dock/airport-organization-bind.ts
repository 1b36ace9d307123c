/**
 * `airport_organization_bind` on `thing/product/{sn}/requests`
 *
 * A dock binds itself and its drone to the workspace that it is registered in, and sends their call signs.
 */
import { type DeviceRegistry, isGatewaySn } from '../core/gateway.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts } from '../ports.ts';
import { AIRPORT_ORGANIZATION_BIND, type OrganizationBindData } from '../protocol/onboarding.ts';

/** DJI's codes: failed to bind, and bound to another organization (protocol section 5). */
const FAILED_TO_BIND = 210231;
const BOUND_ELSEWHERE = 210232;

export const airportOrganizationBind =
  (registry: DeviceRegistry): DockEndpoint<typeof AIRPORT_ORGANIZATION_BIND> =>
  async ({ gateway, data }) => {
    const bind = async ({
      sn,
      organization_id,
      device_callsign,
    }: OrganizationBindData['bind_devices'][number]) => {
      if (organization_id !== gateway.workspaceId) return BOUND_ELSEWHERE;
      if (!isGatewaySn(sn)) return FAILED_TO_BIND;
      // It is a registered gateway itself.
      if (sn !== gateway.sn && (await registry.findGateway(sn))) return BOUND_ELSEWHERE;
      await registry.nameDevice(gateway.sn, sn, device_callsign ?? '');
      return 0;
    };
    const errorCodes: { sn: string; err_code: number }[] = [];
    for (const device of data.bind_devices) errorCodes.push({ sn: device.sn, err_code: await bind(device) });
    return { err_infos: errorCodes };
  };

const ports = dockPorts();

export const handler = dockEndpoint(
  AIRPORT_ORGANIZATION_BIND,
  airportOrganizationBind(ports.registry),
  ports,
);
