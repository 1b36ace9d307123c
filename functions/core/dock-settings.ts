import { DockSettingsMissingError } from './errors.ts';

/** Where the settings are kept, by DJI's names. */
export interface DockSettingsSource {
  read(): Promise<Readonly<Record<string, unknown>>>;
}

/** What a dock needs before it works with a third-party cloud. */
export interface DockSettings {
  readonly ntpServerHost: string;
  readonly ntpServerPort: number;
  readonly appId: string;
  readonly appKey: string;
  readonly appLicense: string;
}

const NTP_PORT = 123;
const REQUIRED = ['ntp_server_host', 'app_id', 'app_key', 'app_license'] as const;

/** Throws `DockSettingsMissingError` with the names, never the values, of what nobody has filled in. */
export async function readDockSettings(source: DockSettingsSource): Promise<DockSettings> {
  const settings = await source.read();
  const missing = REQUIRED.filter((name) => !settings[name]);
  if (missing.length > 0) throw new DockSettingsMissingError(missing);
  return {
    ntpServerHost: String(settings['ntp_server_host']),
    ntpServerPort: Number(settings['ntp_server_port']) || NTP_PORT,
    appId: String(settings['app_id']),
    appKey: String(settings['app_key']),
    appLicense: String(settings['app_license']),
  };
}
