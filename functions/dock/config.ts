/**
 * `config` on `thing/product/{sn}/requests`
 *
 * A dock asks for its time server and DJI licence: the one reply without `result` and `output`.
 */
import * as v from 'valibot';
import { secretsManagerDockSettings } from '../adapters/secrets-manager-dock-settings.ts';
import { type DockSettingsSource, readDockSettings } from '../core/dock-settings.ts';
import { DOCK_SETTINGS_SECRET_ARN, requireEnv } from '../environment.ts';
import { dockPorts } from '../middleware/dock-ports.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';

export const config =
  (source: DockSettingsSource): DockEndpoint<unknown> =>
  async () => {
    const settings = await readDockSettings(source);
    return {
      ntp_server_host: settings.ntpServerHost,
      ntp_server_port: settings.ntpServerPort,
      app_id: settings.appId,
      app_key: settings.appKey,
      app_license: settings.appLicense,
    };
  };

export const handler = dockEndpoint(
  'config',
  v.unknown(),
  config(secretsManagerDockSettings(requireEnv(DOCK_SETTINGS_SECRET_ARN))),
  dockPorts(),
  { replyChannel: 'requests_reply', bareReply: true },
);
