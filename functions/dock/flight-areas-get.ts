/**
 * `flight_areas_get` on `thing/product/{sn}/requests`
 *
 * A dock asks for the custom flight areas. The library has none, but without a reply, older firmware of Dock
 * 2 waits 40 seconds before each take-off.
 */
import { dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts } from '../ports.ts';
import { FLIGHT_AREAS_GET } from '../protocol/unneeded-requests.ts';

export const handler = dockEndpoint(FLIGHT_AREAS_GET, async () => undefined, dockPorts());
