import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { DockSettingsSource } from '../core/dock-settings.ts';

/** Reads the secret's JSON at every question: docks ask once a connection. */
export function secretsManagerDockSettings(
  secretArn: string,
  client = new SecretsManagerClient({}),
): DockSettingsSource {
  return {
    async read() {
      const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
      const settings: unknown = JSON.parse(SecretString ?? '{}');
      return (settings ?? {}) as Record<string, unknown>;
    },
  };
}
