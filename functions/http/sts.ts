/**
 * `POST /storage/api/v1/workspaces/{workspace_id}/sts`, and the old `GET`
 *
 * Pilot gets credentials that can only write below their scope, and an object key prefix for its files.
 */
import { type CredentialIssuer, uploadCredentialsRule } from '../core/upload-credentials.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { credentialIssuer } from '../ports.ts';
import { STS, toStsOutput } from '../protocol/sts.ts';

export const sts = (issuer: CredentialIssuer): HttpEndpoint<typeof STS> => {
  const uploadCredentials = uploadCredentialsRule(issuer);
  return async ({ workspaceId, reporter }) => toStsOutput(await uploadCredentials(workspaceId, reporter));
};

export const handler = httpEndpoint(STS, sts(credentialIssuer()));
