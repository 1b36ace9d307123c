/**
 * `config` on `thing/product/{sn}/requests`
 *
 * A dock asks for its NTP server and DJI licence. It is the only reply without `result` and `output`.
 */
import type { DockSettingsSource } from '../core/dock-settings.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts, dockSettingsSource } from '../ports.ts';
import { DOCK_CONFIG, toDockConfigOutput } from '../protocol/dock-config.ts';

export const config =
  (source: DockSettingsSource): DockEndpoint<typeof DOCK_CONFIG> =>
  async () =>
    toDockConfigOutput(await source.read());

export const handler = dockEndpoint(DOCK_CONFIG, config(dockSettingsSource()), dockPorts());
