/**
 * `offline_map_get` on `thing/product/{sn}/requests`
 *
 * A dock asks for the offline map. The library has none, but without a reply, older firmware of Dock 2 waits
 * 40 seconds before each take-off.
 */
import { dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts } from '../ports.ts';
import { OFFLINE_MAP_GET } from '../protocol/unneeded-requests.ts';

export const handler = dockEndpoint(OFFLINE_MAP_GET, async () => undefined, dockPorts());
