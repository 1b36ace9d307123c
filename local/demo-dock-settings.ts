import type { AdministratorCall } from '../packages/local-aws/index.ts';

/** Not a real licence. No dock can reach this stack. */
const DEMO_LICENCE = { app_id: 'local-demo', app_key: 'local-demo', app_license: 'local-demo' };

/** Fills in the licence that docks ask for in `config`, unless one is there. */
export async function ensureDemoDockSettings(secretArn: string, call: AdministratorCall): Promise<void> {
  const { SecretString } = await call('secretsmanager', 'GetSecretValue', { SecretId: secretArn });
  const settings = JSON.parse(String(SecretString ?? '{}'));
  if (settings.app_id || settings.app_key || settings.app_license) return;
  await call('secretsmanager', 'PutSecretValue', {
    SecretId: secretArn,
    SecretString: JSON.stringify({ ...settings, ...DEMO_LICENCE }),
  });
}
