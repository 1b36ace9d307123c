import * as v from 'valibot';
import type { DockSettings } from '../core/dock-settings.ts';
import type { DockContract } from './contract.ts';

/** The whole `data` of the reply to `config`. */
export const DockConfigOutput = v.object({
  ntp_server_host: v.string(),
  ntp_server_port: v.number(),
  app_id: v.string(),
  app_key: v.string(),
  app_license: v.string(),
});

export const toDockConfigOutput = (settings: DockSettings): v.InferOutput<typeof DockConfigOutput> => ({
  ntp_server_host: settings.ntpServerHost,
  ntp_server_port: settings.ntpServerPort,
  app_id: settings.appId,
  app_key: settings.appKey,
  app_license: settings.appLicense,
});

/** `config`: the only reply without `result` and `output`. */
export const DOCK_CONFIG = {
  name: 'config',
  method: 'config',
  channel: 'requests',
  input: v.unknown(),
  output: DockConfigOutput,
  bareReply: true,
} as const satisfies DockContract;
