import { STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it, vi } from 'vitest';
import { uploadSessionPolicy } from '../../functions/adapters/session-policy.ts';
import { stsCredentialIssuer } from '../../functions/adapters/sts-credential-issuer.ts';
import { credentialIssuer } from '../../functions/ports.ts';
import { WORKSPACE } from '../fixtures/library.ts';
import { type CannedAnswer, cannedAws } from './canned-aws.ts';

const SCOPE = `${WORKSPACE}/a1b2c3`;

const answer = (fields: string): CannedAnswer => ({
  status: 200,
  body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>${fields}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
});
const COMPLETE =
  '<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>sk</SecretAccessKey><SessionToken>st</SessionToken><Expiration>2026-01-01T01:00:00Z</Expiration>';

function issuerThat(canned: CannedAnswer, partition = 'aws') {
  const { sent, settings } = cannedAws(canned);
  const issuer = stsCredentialIssuer(
    {
      bucketName: 'media',
      uploadRoleArn: `arn:${partition}:iam::123456789012:role/upload`,
      endpoint: 'https://s3.eu-central-1.amazonaws.com',
      region: 'eu-central-1',
    },
    new STSClient({ ...settings, maxAttempts: 1 }),
  );
  const issue = (issuedTo = 'pilot') => issuer.issue({ scope: SCOPE, issuedTo, durationInSeconds: 3600 });
  return { issuer, issue, asked: () => Object.fromEntries(new URLSearchParams(sent[0]?.body)) };
}

describe('credentials from STS', () => {
  it('are of the upload role, limited by a session policy and a tag, and named after the user', async () => {
    const { issue, asked } = issuerThat(answer(COMPLETE));
    expect(await issue()).toEqual({
      accessKeyId: 'ASIA1',
      secretAccessKey: 'sk',
      sessionToken: 'st',
      expiresAt: new Date('2026-01-01T01:00:00Z'),
    });
    expect(asked()).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: 'arn:aws:iam::123456789012:role/upload',
      RoleSessionName: 'pilot',
      SourceIdentity: 'pilot',
      DurationSeconds: '3600',
      Policy: uploadSessionPolicy('arn:aws:s3:::media', SCOPE),
      'Tags.member.1.Key': 'object_key_scope',
      'Tags.member.1.Value': SCOPE,
    });
  });

  it('have the bucket in the partition of the role', async () => {
    const { issue, asked } = issuerThat(answer(COMPLETE), 'aws-cn');
    await issue();
    expect(JSON.parse(asked()['Policy'] ?? '')).toMatchObject({
      Statement: [{ Resource: `arn:aws-cn:s3:::media/${SCOPE}/*` }, { Resource: 'arn:aws-cn:s3:::media' }],
    });
  });

  it.each([
    ['anna@example.com', 'anna@example.com'],
    ['Анна Ü 上', '------------'.slice(0, 'Анна Ü 上'.length)],
    ['a:b/c*d', 'a-b-c-d'],
    ['x', 'x-'],
    ['', '--'],
    ['n'.repeat(100), 'n'.repeat(64)],
  ])('have the user %j in a form that STS accepts', async (issuedTo, expected) => {
    const { issue, asked } = issuerThat(answer(COMPLETE));
    await issue(issuedTo);
    expect(asked()).toMatchObject({ RoleSessionName: expected, SourceIdentity: expected });
  });

  it.each(['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'])(
    'are an error when STS leaves out %s',
    async (field) => {
      const { issue } = issuerThat(answer(COMPLETE.replace(new RegExp(`<${field}>.*</${field}>`), '')));
      await expect(issue()).rejects.toThrow('incomplete credentials');
    },
  );

  it('are an error when STS refuses', async () => {
    const body =
      '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>';
    await expect(issuerThat({ status: 403, body }).issue()).rejects.toThrow('no');
  });

  it('have the endpoint of the SDK when one is configured', () => {
    expect(credentialIssuer().location).toEqual({
      provider: 'aws',
      bucket: 'media-bucket',
      endpoint: 'https://s3.eu-central-1.amazonaws.com',
      region: 'eu-central-1',
    });
    vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:9701');
    expect(credentialIssuer().location.endpoint).toBe('http://127.0.0.1:9701');
    vi.unstubAllEnvs();
  });
});
