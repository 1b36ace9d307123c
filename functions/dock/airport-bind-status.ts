/**
 * `airport_bind_status` on `thing/product/{sn}/requests`
 *
 * A dock asks whether it and its drone belong to an organization. The registry has settled that for the dock, and the dock speaks for its drone.
 */
import { dockPorts } from '../middleware/dock-ports.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { BindStatusData } from '../protocol/onboarding.ts';

export const airportBindStatus: DockEndpoint<BindStatusData> = async ({ gateway, data }) => ({
  bind_status: data.devices.map(({ sn }) => {
    const { callsigns } = gateway.topology;
    const named = Object.hasOwn(callsigns, sn);
    const bound = named || sn === gateway.sn;
    return {
      sn,
      is_device_bind_organization: bound,
      organization_id: bound ? gateway.workspaceId : '',
      organization_name: bound ? gateway.workspaceName : '',
      device_callsign: (named && callsigns[sn]) || '',
    };
  }),
});

export const handler = dockEndpoint('airport_bind_status', BindStatusData, airportBindStatus, dockPorts(), {
  replyChannel: 'requests_reply',
});
