import type { RootCredentials } from '../packages/local-aws/iam/identities.ts';
import { signedCall } from '../packages/local-aws/signed-call.ts';

/** Which secret, and as whom. */
export interface DemoDockSettingsOptions {
  readonly address: string;
  readonly region: string;
  readonly root: RootCredentials;
  readonly secretArn: string;
}

/** A licence that no dock would take, for a stack that no dock can reach. */
const DEMO_LICENCE = { app_id: 'local-demo', app_key: 'local-demo', app_license: 'local-demo' };

/** Fills in the licence that docks ask for in `config`, unless somebody has. */
export async function ensureDemoDockSettings({
  secretArn,
  ...options
}: DemoDockSettingsOptions): Promise<void> {
  const service = {
    ...options,
    service: 'secretsmanager',
    target: 'secretsmanager',
    contentType: 'application/x-amz-json-1.1',
  } as const;
  const { SecretString } = await signedCall(service, 'GetSecretValue', { SecretId: secretArn });
  const settings = JSON.parse(String(SecretString ?? '{}'));
  if (settings.app_id || settings.app_key || settings.app_license) return;
  await signedCall(service, 'PutSecretValue', {
    SecretId: secretArn,
    SecretString: JSON.stringify({ ...settings, ...DEMO_LICENCE }),
  });
}
