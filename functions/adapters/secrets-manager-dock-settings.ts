import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { DockSettings, DockSettingsSource } from '../core/dock-settings.ts';
import { DockSettingsMissingError } from '../core/errors.ts';

const NTP_PORT = 123;
const REQUIRED = ['ntp_server_host', 'app_id', 'app_key', 'app_license'] as const;

/** The settings in the secret's fields, which have DJI's names. Throws `DockSettingsMissingError`. */
export function dockSettingsOf(secret: Readonly<Record<string, unknown>>): DockSettings {
  const missing = REQUIRED.filter((name) => !secret[name]);
  if (missing.length > 0) throw new DockSettingsMissingError(missing);
  return {
    ntpServerHost: String(secret['ntp_server_host']),
    ntpServerPort: Number(secret['ntp_server_port']) || NTP_PORT,
    appId: String(secret['app_id']),
    appKey: String(secret['app_key']),
    appLicense: String(secret['app_license']),
  };
}

const KEPT_IN_MILLISECONDS = 5 * 60_000;

/**
 * Reads the secret, and keeps complete settings for five minutes: docks ask for each connection, and AWS
 * charges for each read.
 */
export function secretsManagerDockSettings(
  secretArn: string,
  client = new SecretsManagerClient({}),
): DockSettingsSource {
  let kept: { readonly settings: DockSettings; readonly until: number } | undefined;
  const parsed = (text: string | undefined): Record<string, unknown> => {
    try {
      return (JSON.parse(text ?? '{}') ?? {}) as Record<string, unknown>;
    } catch {
      // Without the cause: the parser's message quotes the secret, and errors are logged.
      throw new Error('The secret of dock settings is not JSON');
    }
  };
  return {
    async read() {
      if (kept && Date.now() < kept.until) return kept.settings;
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
      const settings = dockSettingsOf(parsed(SecretString));
      kept = { settings, until: Date.now() + KEPT_IN_MILLISECONDS };
      return settings;
    },
  };
}
