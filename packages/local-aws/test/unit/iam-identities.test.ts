import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorize } from '../../iam/authorize.ts';
import { Identities, type Role, roleId, trustsService } from '../../iam/identities.ts';
import type { PolicyDocument } from '../../iam/policy.ts';

const ROOT = { accessKeyId: 'AKIAROOT', secretAccessKey: 'root-secret' };
const ROLE_ARN = 'arn:aws:iam::123456789012:role/service/upload';
const START = new Date('2026-03-01T12:00:00.700Z');

const allow = (Action: string): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action, Resource: '*' },
});

const trusting = (Principal: Record<string, string>, rest: object = {}): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal, ...rest },
});

const role = (overrides: Partial<Role> = {}): Role => ({
  arn: ROLE_ARN,
  name: 'upload',
  trustPolicy: trusting({ Service: 'lambda.amazonaws.com' }),
  policies: [allow('s3:PutObject')],
  maxSessionDurationInSeconds: 3600,
  ...overrides,
});

const secondsLater = (seconds: number) => new Date(START.getTime() + seconds * 1000);

describe('sessions', () => {
  const identities = new Identities({ root: ROOT, clock: () => START });
  identities.addRole(role());

  it("have AWS's names, lifetime and policies", () => {
    const sessionPolicies = [allow('s3:*')];
    const minted = identities.mintForRole(ROLE_ARN, {
      sessionName: 'pilot',
      durationInSeconds: 900,
      sessionPolicies,
      tags: { workspace: 'one' },
      sourceIdentity: 'ann',
    });
    expect(minted).toMatchObject({
      accessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
      secretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
      principalArn: 'arn:aws:sts::123456789012:assumed-role/upload/pilot',
      userId: `${roleId(ROLE_ARN)}:pilot`,
      expiresAt: new Date('2026-03-01T12:15:00Z'),
      root: false,
      rolePolicies: [allow('s3:PutObject')],
      sessionPolicies,
      principalTags: { workspace: 'one' },
      sourceIdentity: 'ann',
      roleArn: ROLE_ARN,
    });
    expect(roleId(ROLE_ARN)).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(identities.find(minted.accessKeyId)).toEqual(minted);
  });

  it('are unique', () => {
    const options = { sessionName: 'pilot', durationInSeconds: 900 };
    const [first, second] = [
      identities.mintForRole(ROLE_ARN, options),
      identities.mintForRole(ROLE_ARN, options),
    ];
    expect(first.accessKeyId).not.toBe(second.accessKeyId);
    expect(first.secretAccessKey).not.toBe(second.secretAccessKey);
    expect(first.sessionToken).not.toBe(second.sessionToken);
  });

  it('need an existing role, and unknown keys have no owner', () => {
    expect(() =>
      identities.mintForRole('arn:aws:iam::123456789012:role/no', {
        sessionName: 'a',
        durationInSeconds: 900,
      }),
    ).toThrow('role/no');
    expect(identities.find('ASIAUNKNOWN')).toBeUndefined();
  });

  it('follow a change of their role at once', () => {
    const changing = new Identities({ root: ROOT });
    changing.addRole(role());
    const { accessKeyId } = changing.mintForRole(ROLE_ARN, { sessionName: 'pilot', durationInSeconds: 900 });
    changing.addRole(role({ policies: [] }));
    expect(changing.find(accessKeyId)?.rolePolicies).toEqual([]);
  });

  it('are refused with caller, action and resource', () => {
    const minted = identities.mintForRole(ROLE_ARN, { sessionName: 'pilot', durationInSeconds: 900 });
    const request = { action: 's3:PutObject', resource: 'arn:aws:s3:::media/a' };
    expect(() => authorize('s3', minted, request)).not.toThrow();
    const refused = expect.objectContaining({
      code: 'AccessDeniedException',
      statusCode: 400,
      message: expect.stringMatching(
        /assumed-role\/upload\/pilot is not authorized to perform: dynamodb:GetItem on resource: arn:x/,
      ),
    });
    expect(() => authorize('dynamodb', minted, { action: 'dynamodb:GetItem', resource: 'arn:x' })).toThrow(
      refused,
    );
    const denying: PolicyDocument = {
      Statement: { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' },
    };
    expect(() => authorize('s3', minted, request, denying)).toThrow(
      expect.objectContaining({
        code: 'AccessDenied',
        statusCode: 403,
        message: expect.stringContaining('explicit deny'),
      }),
    );
  });
});

describe('root', () => {
  it('is found by its key, without a token', () => {
    const root = new Identities({ root: ROOT }).find('AKIAROOT');
    expect(root).toMatchObject({ ...ROOT, root: true, principalArn: 'arn:aws:iam::123456789012:root' });
    expect(root?.sessionToken).toBeUndefined();
  });
});

describe('roles', () => {
  it('are refused with a policy that cannot be evaluated', () => {
    const identities = new Identities({ root: ROOT });
    const unknown: PolicyDocument = {
      Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition: { StringMagic: { a: 'b' } } },
    };
    expect(() => identities.addRole(role({ policies: [unknown] }))).toThrow('StringMagic');
    expect(() => identities.addRole(role({ trustPolicy: allow('sts:AssumeRole') }))).toThrow('Resource');
  });

  it('are assumed only by services that they trust', () => {
    expect(trustsService(role(), 'lambda.amazonaws.com')).toBe(true);
    expect(trustsService(role(), 'iot.amazonaws.com')).toBe(false);
    expect(trustsService(role({ trustPolicy: trusting({ AWS: ROLE_ARN }) }), 'lambda.amazonaws.com')).toBe(
      false,
    );
    const otherAction = trusting({ Service: 'lambda.amazonaws.com' }, { Action: 'sts:TagSession' });
    expect(trustsService(role({ trustPolicy: otherAction }), 'lambda.amazonaws.com')).toBe(false);
    const denied = trusting({ Service: 'lambda.amazonaws.com' }, { Effect: 'Deny' });
    expect(trustsService(role({ trustPolicy: denied }), 'lambda.amazonaws.com')).toBe(false);
  });

  it('are assumed by a service only for the account in their condition', () => {
    const trustPolicy = trusting(
      { Service: 'iot.amazonaws.com' },
      { Condition: { StringEquals: { 'aws:SourceAccount': '123456789012' } } },
    );
    const trusts = (context?: Record<string, string>) =>
      trustsService(role({ trustPolicy }), 'iot.amazonaws.com', context);
    expect(trusts({ 'aws:SourceAccount': '123456789012' })).toBe(true);
    expect(trusts({ 'aws:SourceAccount': '210987654321' })).toBe(false);
    expect(trusts()).toBe(false);
  });
});

describe('the file', () => {
  let folder: string;
  let storePath: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'identities-'));
    storePath = join(folder, 'iam', 'sessions.json');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = (now = START) => {
    const identities = new Identities({ root: ROOT, storePath, clock: () => now });
    identities.addRole(role());
    return identities;
  };
  const mint = (identities: Identities, sessionName: string, durationInSeconds = 900) =>
    identities.mintForRole(ROLE_ARN, {
      sessionName,
      durationInSeconds,
      sessionPolicies: [allow('s3:PutObject')],
      tags: { workspace: 'one' },
      transitiveTagKeys: ['workspace'],
      sourceIdentity: 'ann',
    });

  it('keeps sessions after a restart', () => {
    const first = mint(open(), 'first');
    const second = mint(open(), 'second');
    const reopened = open();
    expect(reopened.find(first.accessKeyId)).toEqual(first);
    expect(reopened.find(second.accessKeyId)).toEqual(second);
  });

  it('keeps sessions without a role until the role exists again', () => {
    const { accessKeyId } = mint(open(), 'first');
    expect(new Identities({ root: ROOT, storePath }).find(accessKeyId)).toBeUndefined();
  });

  it('is readable by its owner only, and there is no other file', () => {
    mint(open(), 'first');
    expect(statSync(storePath).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'iam'))).toEqual(['sessions.json']);
  });

  it('keeps an expired session for a day, to distinguish it from an unknown one', () => {
    const { accessKeyId } = mint(open(), 'old');
    const dayLater = open(secondsLater(900 + 24 * 3600 - 1));
    mint(dayLater, 'new');
    expect(dayLater.find(accessKeyId)?.expiresAt).toEqual(new Date('2026-03-01T12:15:00Z'));
    const afterThat = open(secondsLater(900 + 24 * 3600 + 1));
    mint(afterThat, 'newer');
    expect(afterThat.find(accessKeyId)).toBeUndefined();
    expect(readFileSync(storePath, 'utf8')).not.toContain(accessKeyId);
  });

  it('stops the start when it is invalid, with its name', () => {
    mint(open(), 'first');
    writeFileSync(storePath, '{"sessions": [');
    expect(() => open()).toThrow(storePath);
  });
});
