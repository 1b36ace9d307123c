/**
 * Events with `need_reply` on `thing/product/{sn}/events` that no other function handles
 *
 * They are acknowledged, so that the dock does not send them again.
 */
import { dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts } from '../ports.ts';
import { OTHER_EVENTS } from '../protocol/unneeded-requests.ts';

export const handler = dockEndpoint(OTHER_EVENTS, async () => undefined, dockPorts());
