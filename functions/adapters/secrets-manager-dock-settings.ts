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
      try {
        return (JSON.parse(SecretString ?? '{}') ?? {}) as Record<string, unknown>;
      } catch {
        // Not as the cause: the parser's message quotes the secret, and errors are logged.
        throw new Error('The secret of dock settings is not JSON');
      }
    },
  };
}
