import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { CredentialIssuer } from '../core/upload-credentials.ts';
import { OBJECT_KEY_SCOPE_TAG, uploadSessionPolicy } from './session-policy.ts';

/** Session names and source identities allow only these characters. */
const auditName = (issuedTo: string): string =>
  issuedTo
    .replace(/[^\w+=,.@-]/g, '-')
    .slice(0, 64)
    .padEnd(2, '-');

export interface StsCredentialIssuerProps {
  readonly bucketName: string;
  readonly uploadRoleArn: string;
  /** With scheme. */
  readonly endpoint: string;
  readonly region: string;
}

/**
 * S3 credentials from STS: the upload role with a session policy, and with the tag that the role's own policy
 * requires.
 */
export function stsCredentialIssuer(
  { bucketName, uploadRoleArn, endpoint, region }: StsCredentialIssuerProps,
  client = new STSClient({}),
): CredentialIssuer {
  const partition = uploadRoleArn.split(':')[1];
  return {
    location: { provider: 'aws', bucket: bucketName, endpoint, region },
    async issue({ scope, issuedTo, durationInSeconds }) {
      const { Credentials } = await client.send(
        new AssumeRoleCommand({
          RoleArn: uploadRoleArn,
          RoleSessionName: auditName(issuedTo),
          SourceIdentity: auditName(issuedTo),
          DurationSeconds: durationInSeconds,
          Policy: uploadSessionPolicy(`arn:${partition}:s3:::${bucketName}`, scope),
          Tags: [{ Key: OBJECT_KEY_SCOPE_TAG, Value: scope }],
        }),
      );
      if (
        !Credentials?.AccessKeyId ||
        !Credentials.SecretAccessKey ||
        !Credentials.SessionToken ||
        !Credentials.Expiration
      ) {
        throw new Error('The response of STS has incomplete credentials');
      }
      return {
        accessKeyId: Credentials.AccessKeyId,
        secretAccessKey: Credentials.SecretAccessKey,
        sessionToken: Credentials.SessionToken,
        expiresAt: Credentials.Expiration,
      };
    },
  };
}
