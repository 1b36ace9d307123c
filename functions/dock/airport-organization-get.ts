/**
 * `airport_organization_get` on `thing/product/{sn}/requests`
 *
 * A dock asks for the name of the organization that somebody typed in. It can only be the workspace that the dock is registered in; the
 * dock has proved itself by its password, so the binding code adds nothing and is not looked at.
 */
import { OrganizationUnknownError } from '../core/errors.ts';
import { dockPorts } from '../middleware/dock-ports.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { OrganizationGetData } from '../protocol/onboarding.ts';

export const airportOrganizationGet: DockEndpoint<OrganizationGetData> = async ({ gateway, data }) => {
  if (data.organization_id !== gateway.workspaceId) throw new OrganizationUnknownError();
  return { organization_name: gateway.workspaceName };
};

export const handler = dockEndpoint(
  'airport_organization_get',
  OrganizationGetData,
  airportOrganizationGet,
  dockPorts(),
  {
    replyChannel: 'requests_reply',
  },
);
