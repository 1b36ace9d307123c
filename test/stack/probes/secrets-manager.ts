import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** One call to Secrets Manager, to be bundled as functions are. */
export const probe = () =>
  new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: 'secret' }));
