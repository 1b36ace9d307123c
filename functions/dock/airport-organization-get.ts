/**
 * `airport_organization_get` on `thing/product/{sn}/requests`
 *
 * A dock asks for the name of the organization that an operator configured. It can only be the workspace that
 * the dock is registered in. The dock has signed in with its password, so the binding code is not checked.
 */
import { OrganizationUnknownError } from '../core/errors.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts } from '../ports.ts';
import { AIRPORT_ORGANIZATION_GET } from '../protocol/onboarding.ts';

export const airportOrganizationGet: DockEndpoint<typeof AIRPORT_ORGANIZATION_GET> = async ({
  gateway,
  data,
}) => {
  if (data.organization_id !== gateway.workspaceId) throw new OrganizationUnknownError();
  return { organization_name: gateway.workspaceName };
};

export const handler = dockEndpoint(AIRPORT_ORGANIZATION_GET, airportOrganizationGet, dockPorts());
