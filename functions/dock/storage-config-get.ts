/**
 * `storage_config_get` on `thing/product/{sn}/requests`
 *
 * A dock gets the same credentials, by the same rule, as Pilot gets over HTTP.
 */
import { ModuleUnsupportedError } from '../core/errors.ts';
import { type CredentialIssuer, uploadCredentialsRule } from '../core/upload-credentials.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { credentialIssuer, dockPorts } from '../ports.ts';
import { MEDIA_MODULE, STORAGE_CONFIG_GET, toStsOutput } from '../protocol/sts.ts';

export const storageConfigGet = (issuer: CredentialIssuer): DockEndpoint<typeof STORAGE_CONFIG_GET> => {
  const uploadCredentials = uploadCredentialsRule(issuer);
  return async ({ gateway, data: { module } }) => {
    if (module !== MEDIA_MODULE)
      throw new ModuleUnsupportedError(
        `Storage is for media (module ${MEDIA_MODULE}), not for module ${module}`,
      );
    return toStsOutput(await uploadCredentials(gateway.workspaceId, { kind: 'dock', name: gateway.sn }));
  };
};

export const handler = dockEndpoint(STORAGE_CONFIG_GET, storageConfigGet(credentialIssuer()), dockPorts());
