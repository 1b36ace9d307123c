import type { AddressInfo } from 'node:net';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalService } from '../../http/local-service.ts';
import { Identities, type Identity, roleId } from '../../iam/identities.ts';
import { evaluate, type PolicyDocument, type PolicyStatement } from '../../iam/policy.ts';
import { createSts } from '../../sts/sts.ts';

const REGION = 'eu-central-1';
const FUNCTION_ROLE = 'arn:aws:iam::123456789012:role/sts-function';
const UPLOAD_ROLE = 'arn:aws:iam::123456789012:role/upload';
const ACTIONS = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];

const policy = (...statements: PolicyStatement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
});
const trusting = (rest: Partial<PolicyStatement> = {}): PolicyDocument =>
  policy({ Effect: 'Allow', Principal: { AWS: FUNCTION_ROLE }, Action: ACTIONS, ...rest });
const mayAssume = (rest: Partial<PolicyStatement> = {}): PolicyDocument =>
  policy({ Effect: 'Allow', Action: ACTIONS, Resource: UPLOAD_ROLE, ...rest });
const mayPut = policy({ Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::media/*' });

let identities: Identities;
let service: LocalService;
let now: Date | undefined;

beforeEach(async () => {
  now = undefined;
  const clock = () => now ?? new Date();
  identities = new Identities({ root: { accessKeyId: 'AKIAROOT', secretAccessKey: 'root-secret' }, clock });
  service = createSts({
    identities,
    region: REGION,
    clock,
    onFault: (fault) => {
      throw fault;
    },
  });
  await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
  addRoles();
});
afterEach(() => service.close());

/** The function's role and the upload role, with the policies that a test is about. */
function addRoles({ trust = trusting(), own = mayAssume(), maxInSeconds = 3600 } = {}): void {
  identities.addRole({
    arn: FUNCTION_ROLE,
    name: 'sts-function',
    trustPolicy: policy({
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    }),
    policies: [own],
    maxSessionDurationInSeconds: 3600,
  });
  identities.addRole({
    arn: UPLOAD_ROLE,
    name: 'upload',
    trustPolicy: trust,
    policies: [mayPut],
    maxSessionDurationInSeconds: maxInSeconds,
  });
}

const endpoint = () => `http://127.0.0.1:${(service.server.address() as AddressInfo).port}`;

const clientOf = ({ accessKeyId, secretAccessKey, sessionToken }: Identity) =>
  new STSClient({
    region: REGION,
    endpoint: endpoint(),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    maxAttempts: 1,
  });

const root = () => identities.find('AKIAROOT') as Identity;

const functionSession = (rest: Partial<Parameters<Identities['mintForRole']>[1]> = {}) =>
  identities.mintForRole(FUNCTION_ROLE, { sessionName: 'sts', durationInSeconds: 3600, ...rest });

/** `AssumeRole` of the upload role, by the function unless told otherwise. */
const assume = (input: Partial<AssumeRoleCommandInput> = {}, caller = functionSession()) =>
  clientOf(caller).send(new AssumeRoleCommand({ RoleArn: UPLOAD_ROLE, RoleSessionName: 'pilot', ...input }));

const put = (key: string) => ({ action: 's3:PutObject', resource: `arn:aws:s3:::media/${key}` });

describe('AssumeRole', () => {
  it('returns a session of the role with working credentials', async () => {
    const before = Date.now();
    const { Credentials: credentials, AssumedRoleUser: user } = await assume({ DurationSeconds: 900 });
    expect(user).toEqual({
      Arn: 'arn:aws:sts::123456789012:assumed-role/upload/pilot',
      AssumedRoleId: `${roleId(UPLOAD_ROLE)}:pilot`,
    });
    const lifeInSeconds = ((credentials?.Expiration?.getTime() ?? 0) - before) / 1000;
    expect(lifeInSeconds).toBeGreaterThan(898);
    expect(lifeInSeconds).toBeLessThan(930);

    const identity = identities.find(credentials?.AccessKeyId ?? '') as Identity;
    expect(identity).toMatchObject({
      secretAccessKey: credentials?.SecretAccessKey,
      sessionToken: credentials?.SessionToken,
      rolePolicies: [mayPut],
    });
    expect(await clientOf(identity).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Arn: user?.Arn,
      UserId: user?.AssumedRoleId,
      Account: '123456789012',
    });
  });

  it('limits the session by the policy of the request', async () => {
    const Policy = JSON.stringify(
      policy({ Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::media/one/*' }),
    );
    const { Credentials: credentials } = await assume({ Policy });
    const identity = identities.find(credentials?.AccessKeyId ?? '') as Identity;
    expect(evaluate(identity, put('one/a'))).toBe('allow');
    expect(evaluate(identity, put('two/a'))).toBe('implicit-deny');
    expect(evaluate(identity, { ...put('one/a'), action: 's3:GetObject' })).toBe('implicit-deny');
  });

  it('sets the tags and the source identity of the session', async () => {
    const answer = await assume({
      Tags: [
        { Key: 'workspace', Value: 'one' },
        { Key: 'note', Value: '' },
      ],
      SourceIdentity: 'ann@example.com',
    });
    expect(answer.SourceIdentity).toBe('ann@example.com');
    expect(identities.find(answer.Credentials?.AccessKeyId ?? '')).toMatchObject({
      principalTags: { workspace: 'one', note: '' },
      sourceIdentity: 'ann@example.com',
    });
  });

  describe('is denied', () => {
    const denied = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } };

    it('when the trust policy names another role', async () => {
      addRoles({ trust: trusting({ Principal: { AWS: UPLOAD_ROLE } }) });
      await expect(assume()).rejects.toMatchObject(denied);
    });

    it('when the policies of the caller do not allow it', async () => {
      addRoles({ own: mayAssume({ Resource: FUNCTION_ROLE }) });
      await expect(assume()).rejects.toMatchObject(denied);
    });

    it('when the session policy of the caller does not allow it', async () => {
      await expect(assume({}, functionSession({ sessionPolicies: [mayPut] }))).rejects.toMatchObject(denied);
    });

    it('when the role does not exist, with the same message', async () => {
      addRoles({ own: mayAssume({ Resource: '*' }) });
      const RoleArn = 'arn:aws:iam::123456789012:role/nobody';
      await expect(assume({ RoleArn })).rejects.toMatchObject({
        ...denied,
        message: `User: arn:aws:sts::123456789012:assumed-role/sts-function/sts is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
      });
    });

    it('for root when the trust policy does not name the account', async () => {
      await expect(assume({}, root())).rejects.toMatchObject(denied);
      addRoles({ trust: trusting({ Principal: { AWS: '123456789012' } }) });
      expect((await assume({}, root())).Credentials).toBeDefined();
    });

    const parts = [
      ['sts:TagSession', { Tags: [{ Key: 'workspace', Value: 'one' }] }],
      ['sts:SetSourceIdentity', { SourceIdentity: 'ann' }],
    ] as const;

    it.each(parts)('without %s in the trust policy', async (action, input) => {
      addRoles({ trust: trusting({ Action: ACTIONS.filter((name) => name !== action) }) });
      expect((await assume()).Credentials).toBeDefined();
      await expect(assume(input as Partial<AssumeRoleCommandInput>)).rejects.toMatchObject({
        ...denied,
        message: expect.stringContaining(action),
      });
    });

    it.each(parts)('without %s in the policies of the caller', async (action, input) => {
      addRoles({ own: mayAssume({ Action: ACTIONS.filter((name) => name !== action) }) });
      expect((await assume()).Credentials).toBeDefined();
      await expect(assume(input as Partial<AssumeRoleCommandInput>)).rejects.toMatchObject(denied);
    });

    it.each([
      ['aws:RequestTag', { StringEquals: { 'aws:RequestTag/workspace': 'one' } }],
      ['aws:TagKeys', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['workspace'] } }],
      ['sts:SourceIdentity', { StringLike: { 'sts:SourceIdentity': 'a*' } }],
      ['sts:RoleSessionName', { StringEquals: { 'sts:RoleSessionName': 'pilot' } }],
      ['sts:ExternalId', { StringEquals: { 'sts:ExternalId': 'secret' } }],
    ])('when the trust condition on %s does not hold', async (_key, Condition) => {
      addRoles({ trust: trusting({ Condition }) });
      const met: Partial<AssumeRoleCommandInput> = {
        Tags: [{ Key: 'workspace', Value: 'one' }],
        SourceIdentity: 'ann',
        ExternalId: 'secret',
      };
      expect((await assume(met)).Credentials).toBeDefined();
      const unmet: Partial<AssumeRoleCommandInput> = {
        RoleSessionName: 'dock',
        Tags: [
          { Key: 'workspace', Value: 'two' },
          { Key: 'other', Value: 'x' },
        ],
        SourceIdentity: 'bob',
        ExternalId: 'guess',
      };
      await expect(assume(unmet)).rejects.toMatchObject(denied);
    });
  });

  describe('by a session of a role', () => {
    it('lasts an hour at most, for any role', async () => {
      addRoles({ maxInSeconds: 43_200 });
      expect((await assume({ DurationSeconds: 3600 })).Credentials).toBeDefined();
      await expect(assume({ DurationSeconds: 3601 })).rejects.toMatchObject({
        name: 'ValidationError',
        message: expect.stringContaining('role chaining'),
      });
    });

    it('keeps the source identity and the transitive tags of that session', async () => {
      const caller = functionSession({
        sourceIdentity: 'ann',
        tags: { team: 'red', mood: 'good' },
        transitiveTagKeys: ['team'],
      });
      const { Credentials: credentials } = await assume(
        { Tags: [{ Key: 'workspace', Value: 'one' }] },
        caller,
      );
      expect(identities.find(credentials?.AccessKeyId ?? '')).toMatchObject({
        sourceIdentity: 'ann',
        principalTags: { team: 'red', workspace: 'one' },
        transitiveTagKeys: ['team'],
      });
      await expect(assume({ SourceIdentity: 'bob' }, caller)).rejects.toMatchObject({ name: 'AccessDenied' });
      await expect(assume({ Tags: [{ Key: 'Team', Value: 'blue' }] }, caller)).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    });
  });

  it('lasts as long as the role allows for a long-term key, and no longer', async () => {
    addRoles({ trust: trusting({ Principal: { AWS: '123456789012' } }), maxInSeconds: 7200 });
    expect((await assume({ DurationSeconds: 7200 }, root())).Credentials).toBeDefined();
    await expect(assume({ DurationSeconds: 7201 }, root())).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining('MaxSessionDuration'),
    });
  });

  describe('validates', () => {
    const longPolicy = (characters: number) => {
      const withSid = (Sid: string) =>
        JSON.stringify({ Statement: { Sid, Effect: 'Allow', Action: '*', Resource: '*' } });
      return withSid('x'.repeat(characters - withSid('').length));
    };

    it.each<[string, Partial<AssumeRoleCommandInput>]>([
      ['a duration under 900 s', { DurationSeconds: 899 }],
      ['a duration over 12 h', { DurationSeconds: 43_201 }],
      ['a session name of one character', { RoleSessionName: 'a' }],
      ['a session name of 65 characters', { RoleSessionName: 'a'.repeat(65) }],
      ['a session name with a space', { RoleSessionName: 'a b' }],
      ['a session name with a slash', { RoleSessionName: 'a/b' }],
      ['a session name with a line feed at its end', { RoleSessionName: 'ab\n' }],
      ['a source identity of one character', { SourceIdentity: 'a' }],
      ['a source identity with a colon', { SourceIdentity: 'aws:ann' }],
      ['a role that is no ARN', { RoleArn: 'upload' }],
      ['a policy of 2,049 characters', { Policy: longPolicy(2049) }],
      ['a policy beyond Latin-1', { Policy: '{"Statement":[],"Id":"日"}' }],
      ['a tag without a key', { Tags: [{ Key: '', Value: 'a' }] }],
      ['a tag key of 129 characters', { Tags: [{ Key: 'a'.repeat(129), Value: 'a' }] }],
      ['a tag value of 257 characters', { Tags: [{ Key: 'a', Value: 'a'.repeat(257) }] }],
      ['a tag value with a wildcard', { Tags: [{ Key: 'workspace', Value: '*' }] }],
      ['51 tags', { Tags: Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: 'a' })) }],
    ])('%s', async (_what, input) => {
      await expect(assume(input)).rejects.toMatchObject({
        name: 'ValidationError',
        $metadata: { httpStatusCode: 400 },
      });
    });

    it('accepts values at the limits', async () => {
      const answer = await assume({
        DurationSeconds: 900,
        RoleSessionName: `a+=,.@-_${'9'.repeat(56)}`,
        SourceIdentity: 'ab',
        Policy: longPolicy(2048),
        Tags: [{ Key: 'ü'.repeat(128), Value: 'a b_.:/=+-@'.repeat(23) }],
      });
      expect(answer.Credentials).toBeDefined();
    });

    it.each([
      ['no JSON', '{'],
      ['no statement', '{"Version":"2012-10-17"}'],
      ['a principal', JSON.stringify(trusting({ Resource: '*' }))],
      ['an unknown condition', JSON.stringify(mayAssume({ Condition: { StringMagic: { a: 'b' } } }))],
    ])('a policy with %s', async (_what, Policy) => {
      await expect(assume({ Policy })).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
    });

    it.each<[string, Partial<AssumeRoleCommandInput>]>([
      [
        'keys that differ in case only',
        {
          Tags: [
            { Key: 'a', Value: '1' },
            { Key: 'A', Value: '2' },
          ],
        },
      ],
      ['a reserved key', { Tags: [{ Key: 'aws:x', Value: '1' }] }],
      ['a transitive key that is no tag', { TransitiveTagKeys: ['a'] }],
    ])('tags with %s', async (_what, input) => {
      await expect(assume(input)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    });
  });
});

describe('GetCallerIdentity', () => {
  it('returns root', async () => {
    expect(await clientOf(root()).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Arn: 'arn:aws:iam::123456789012:root',
      UserId: '123456789012',
      Account: '123456789012',
    });
  });

  it.each<[string, (identity: Identity) => Identity]>([
    ['SignatureDoesNotMatch', (identity) => ({ ...identity, secretAccessKey: 'guess' })],
    ['InvalidClientTokenId', (identity) => ({ ...identity, accessKeyId: 'ASIANOBODY' })],
    ['InvalidClientTokenId', (identity) => ({ ...identity, sessionToken: 'other' })],
  ])('returns %s for a wrong credential, with a request id', async (name, spoil) => {
    const client = clientOf(spoil(functionSession()));
    await expect(client.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode: 403, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
  });

  it('returns ExpiredToken for an expired session', async () => {
    now = new Date(Date.now() - 7200 * 1000);
    const expired = functionSession();
    now = undefined;
    await expect(clientOf(expired).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'ExpiredToken',
    });
  });
});

describe('all other operations', () => {
  it('are not implemented', async () => {
    await expect(clientOf(root()).send(new GetSessionTokenCommand({}))).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('GetSessionToken'),
    });
    await expect(assume({ PolicyArns: [{ arn: UPLOAD_ROLE }] })).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('PolicyArns'),
    });
  });

  it("are refused in AWS's XML without a signature", async () => {
    const response = await fetch(`${endpoint()}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    });
    expect(response.status).toBe(403);
    expect(response.headers.get('content-type')).toBe('text/xml');
    expect(await response.text()).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<ErrorResponse xmlns="https:\/\/sts.amazonaws.com\/doc\/2011-06-15\/"><Error><Type>Sender<\/Type><Code>MissingAuthenticationToken<\/Code><Message>[^<]+<\/Message><\/Error><RequestId>[0-9a-f-]{36}<\/RequestId><\/ErrorResponse>$/,
    );
  });

  it('are refused with a response when they are too large', async () => {
    const response = await fetch(`${endpoint()}/`, { method: 'POST', body: 'a'.repeat(8 * 1024 * 1024) });
    expect(response.status).toBe(413);
  });
});
