/**
 * `airport_bind_status` on `thing/product/{sn}/requests`
 *
 * A dock asks whether it and its drone are bound to an organization. The registry has the dock's workspace,
 * and the drone's is the same.
 */
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts } from '../ports.ts';
import { AIRPORT_BIND_STATUS } from '../protocol/onboarding.ts';

export const airportBindStatus: DockEndpoint<typeof AIRPORT_BIND_STATUS> = async ({ gateway, data }) => ({
  bind_status: data.devices.map(({ sn }) => {
    const named = gateway.topology.names.find((device) => device.sn === sn);
    const bound = named !== undefined || sn === gateway.sn;
    return {
      sn,
      is_device_bind_organization: bound,
      organization_id: bound ? gateway.workspaceId : '',
      organization_name: bound ? gateway.workspaceName : '',
      device_callsign: named?.callsign ?? '',
    };
  }),
});

export const handler = dockEndpoint(AIRPORT_BIND_STATUS, airportBindStatus, dockPorts());
