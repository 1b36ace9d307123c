import { join } from 'node:path';
import type { LocalService } from '../http/local-service.ts';
import { authorize } from '../iam/authorize.ts';
import type { Identities } from '../iam/identities.ts';
import { authenticate } from '../iam/sigv4.ts';
import { jsonService } from '../json/json-service.ts';
import { dispatch } from '../json/operations.ts';
import { secretsManagerOperations } from './operations.ts';
import { openSecretStore, type SecretStore } from './secret-store.ts';

/** More than the largest secret needs in base64. */
const BODY_LIMIT_IN_BYTES = 256 * 1024;

const SERVICE = 'secretsmanager';

/** A secret of the template. */
export interface SecretDefinition {
  readonly name: string;
  /** With its six-character suffix. */
  readonly arn: string;
  /** The value until another one is put. It is stored at the first start. @default none */
  readonly initialValue?: string | undefined;
  readonly description?: string | undefined;
}

/** How to start the local Secrets Manager. */
export interface SecretsManagerOptions {
  readonly identities: Identities;
  readonly region: string;
  readonly accountId: string;
  readonly secrets: readonly SecretDefinition[];
  /** Folder of the secrets. @default in memory */
  readonly dataDirectory?: string | undefined;
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
  /** Gets errors of the service itself. @default standard error */
  readonly log?: ((line: string) => void) | undefined;
}

/** Starts Secrets Manager with the secrets of the template. The caller listens. */
export async function createSecretsManager(options: SecretsManagerOptions): Promise<LocalService> {
  const { identities, region, accountId, dataDirectory, clock = () => new Date() } = options;
  const path = dataDirectory === undefined ? undefined : join(dataDirectory, 'secrets.json');
  const store = await openSecretStore(path, clock);
  for (const definition of options.secrets) declare(store, definition);
  await store.save();

  return jsonService({
    name: 'secrets-manager',
    contentType: 'application/x-amz-json-1.1',
    target: SERVICE,
    bodyLimitInBytes: BODY_LIMIT_IN_BYTES,
    answer: dispatch(
      secretsManagerOperations({
        store,
        arnPrefix: `arn:aws:${SERVICE}:${region}:${accountId}:secret:`,
        authorize: async ({ request, body, operation }, resource) => {
          const { identity } = await authenticate(request, {
            service: SERVICE,
            region,
            identities,
            clock,
            body,
          });
          authorize(SERVICE, identity, { action: `${SERVICE}:${operation}`, resource, now: clock() });
        },
      }),
      'Secrets Manager',
    ),
    settled: () => store.settled(),
    log: options.log,
  });
}

function declare(store: SecretStore, { name, arn, description, initialValue }: SecretDefinition): void {
  const secret = store.find(arn) ?? store.find(name) ?? store.add({ name, arn, description });
  // The ARN is that of the template, since policies contain it.
  secret.arn = arn;
  if (initialValue !== undefined && secret.versions.length === 0) {
    store.addVersion(secret, { SecretString: initialValue });
  }
}
