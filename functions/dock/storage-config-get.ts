/**
 * `storage_config_get` on `thing/product/{sn}/requests`
 *
 * A dock gets the same credentials, by the same rule, as Pilot gets over HTTP.
 */
import * as v from 'valibot';
import { stsCredentialIssuerFromEnvironment } from '../adapters/sts-credential-issuer.ts';
import { ModuleUnsupportedError } from '../core/errors.ts';
import { type CredentialIssuer, uploadCredentialsRule } from '../core/upload-credentials.ts';
import { dockPorts } from '../middleware/dock-ports.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { IntegerOrZero } from '../protocol/fields.ts';
import { toStsOutput } from '../protocol/sts.ts';

/** Media; 1 stands for PSDK resources, which have no place here. */
const MEDIA_MODULE = 0;

const StorageConfigGetData = v.object({ module: IntegerOrZero });

export const storageConfigGet = (
  issuer: CredentialIssuer,
): DockEndpoint<v.InferOutput<typeof StorageConfigGetData>> => {
  const uploadCredentials = uploadCredentialsRule(issuer);
  return async ({ gateway, data: { module } }) => {
    if (module !== MEDIA_MODULE) throw new ModuleUnsupportedError(module);
    return toStsOutput(await uploadCredentials(gateway.workspaceId, { kind: 'dock', name: gateway.sn }));
  };
};

export const handler = dockEndpoint(
  'storage_config_get',
  StorageConfigGetData,
  storageConfigGet(stsCredentialIssuerFromEnvironment()),
  dockPorts(),
  { replyChannel: 'requests_reply' },
);
