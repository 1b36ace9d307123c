import { describe, expect, it } from 'vitest';
import type { Identity } from '../../iam/identities.ts';
import {
  type AccessRequest,
  evaluate,
  evaluateResourcePolicy,
  type PolicyDocument,
  type PolicyStatement,
} from '../../iam/policy.ts';

const BUCKET = 'arn:aws:s3:::media';
const ROLE = 'arn:aws:iam::123456789012:role/upload';

const policy = (...statements: PolicyStatement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
});

const allow = (statement: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Effect: 'Allow',
  ...('NotAction' in statement ? {} : { Action: 's3:PutObject' }),
  ...('NotResource' in statement ? {} : { Resource: '*' }),
  ...statement,
});

const deny = (statement: Partial<PolicyStatement> = {}): PolicyStatement => ({
  ...allow(statement),
  Effect: 'Deny',
});

const session = (
  rolePolicies: PolicyDocument[],
  sessionPolicies: PolicyDocument[] = [],
  rest: Partial<Identity> = {},
): Identity => ({
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'secret',
  sessionToken: 'token',
  principalArn: 'arn:aws:sts::123456789012:assumed-role/upload/pilot',
  roleArn: ROLE,
  userId: 'AROAEXAMPLE:pilot',
  root: false,
  rolePolicies,
  sessionPolicies,
  principalTags: {},
  ...rest,
});

const root: Identity = {
  ...session([]),
  principalArn: 'arn:aws:iam::123456789012:root',
  root: true,
};

const put = (key = 'a/b.jpg', rest: Partial<AccessRequest> = {}): AccessRequest => ({
  action: 's3:PutObject',
  resource: `${BUCKET}/${key}`,
  ...rest,
});

/** What one statement of a role's policy says about one request. */
const withStatement = (statement: PolicyStatement, request = put(), rest: Partial<Identity> = {}) =>
  evaluate(session([policy(statement)], [], rest), request);

const withCondition = (
  Condition: NonNullable<PolicyStatement['Condition']>,
  context: AccessRequest['context'],
  rest: Partial<Identity> = {},
) => withStatement(allow({ Condition }), put('a', context ? { context } : {}), rest);

describe('roles, sessions and denies', () => {
  it('allow nothing without a policy', () => {
    expect(evaluate(session([]), put())).toBe('implicit-deny');
  });

  it('deny explicitly before they allow, in any order', () => {
    expect(evaluate(session([policy(allow(), deny())]), put())).toBe('explicit-deny');
    expect(evaluate(session([policy(deny()), policy(allow())]), put())).toBe('explicit-deny');
    expect(evaluate(session([policy(allow())], [policy(allow(), deny())]), put())).toBe('explicit-deny');
  });

  it('limit a role by its session policy', () => {
    const narrowed = session([policy(allow())], [policy(allow({ Resource: `${BUCKET}/a/*` }))]);
    expect(evaluate(narrowed, put('a/x'))).toBe('allow');
    expect(evaluate(narrowed, put('b/x'))).toBe('implicit-deny');
  });

  it('never extend a role by its session policy', () => {
    const widened = session([policy(allow({ Resource: `${BUCKET}/a/*` }))], [policy(allow({ Action: '*' }))]);
    expect(evaluate(widened, put('b/x'))).toBe('implicit-deny');
    expect(evaluate(widened, { ...put('a/x'), action: 's3:DeleteObject' })).toBe('implicit-deny');
  });

  it('allow root everything that no resource policy denies', () => {
    expect(evaluate(root, put())).toBe('allow');
    expect(evaluate(root, put(), policy(deny({ Principal: '*', Action: 's3:GetObject' })))).toBe('allow');
    expect(evaluate(root, put(), policy(deny({ Principal: '*' })))).toBe('explicit-deny');
  });
});

describe('patterns', () => {
  it.each([
    ['s3:putobject', 'allow'],
    ['S3:Put*', 'allow'],
    ['s3:PutObjec?', 'allow'],
    ['*', 'allow'],
    ['s3:Put', 'implicit-deny'],
    ['s3:PutObject?', 'implicit-deny'],
  ])('match the action s3:PutObject by %s in any case: %s', (Action, decision) => {
    expect(withStatement(allow({ Action }))).toBe(decision);
  });

  it.each([
    [`${BUCKET}/a/*`, 'a/b', 'allow'],
    [`${BUCKET}/a/*`, 'a/b/c:d', 'allow'],
    [`${BUCKET}/a/*`, 'A/b', 'implicit-deny'],
    [`${BUCKET}/a/?`, 'a/b', 'allow'],
    [`${BUCKET}/a/?`, 'a/😀', 'allow'],
    [`${BUCKET}/a/?`, 'a/bc', 'implicit-deny'],
    [`${BUCKET}/*/c*e`, 'a/b/cde', 'allow'],
    [`${BUCKET}/*/c*e`, 'a/b/cdf', 'implicit-deny'],
    [`${BUCKET}/a.b`, 'axb', 'implicit-deny'],
    ['arn:aws:s3:*', 'a', 'implicit-deny'],
    ['arn:aws:*:*:*:media/a', 'a', 'allow'],
  ])('match the resource pattern %s against the key %s: %s', (Resource, key, decision) => {
    expect(withStatement(allow({ Resource }), put(key))).toBe(decision);
  });

  it.each(['*', '?', 'a/../*', '**'])('do not match the key %s for the prefix a/', (key) => {
    const scoped = allow({ Resource: `${BUCKET}/a/x*` });
    expect(withStatement(scoped, put(key))).toBe('implicit-deny');
    expect(withStatement(scoped, put(`a/x${key}`))).toBe('allow');
  });

  it('do not match a wildcard in the requested bucket with the bucket of the policy', () => {
    expect(
      withStatement(allow({ Resource: `${BUCKET}/a` }), { ...put(), resource: 'arn:aws:s3:::*/a' }),
    ).toBe('implicit-deny');
  });

  it('are matched without exponential backtracking', () => {
    const started = performance.now();
    const Resource = `${BUCKET}/${'*a'.repeat(200)}*b`;
    expect(withStatement(allow({ Resource }), put('a'.repeat(1000)))).toBe('implicit-deny');
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('apply NotAction to all other actions, and NotResource to all other resources', () => {
    expect(withStatement(allow({ NotAction: ['s3:Get*'] }))).toBe('allow');
    expect(withStatement(allow({ NotAction: ['s3:Get*', 's3:Put*'] }))).toBe('implicit-deny');
    expect(withStatement(allow({ NotResource: `${BUCKET}/a/*` }), put('b'))).toBe('allow');
    expect(withStatement(allow({ NotResource: `${BUCKET}/a/*` }), put('a/b'))).toBe('implicit-deny');
  });
});

describe('policy variables', () => {
  const tagged = allow({ Resource: `${BUCKET}/\${aws:PrincipalTag/workspace}/*` });
  const withTag = (workspace: string) => ({ principalTags: { workspace } });

  it("have the value of the caller's tag", () => {
    expect(withStatement(tagged, put('one/x'), withTag('one'))).toBe('allow');
    expect(withStatement(tagged, put('two/x'), withTag('one'))).toBe('implicit-deny');
  });

  it('are found by their name in any case', () => {
    const statement = allow({ Resource: `${BUCKET}/\${AWS:principaltag/Workspace}/*` });
    expect(withStatement(statement, put('one/x'), withTag('one'))).toBe('allow');
  });

  it('without a value make the statement not match', () => {
    expect(withStatement(tagged, put('one/x'))).toBe('implicit-deny');
    expect(withStatement(tagged, put('/x'))).toBe('implicit-deny');
    expect(withStatement(tagged, put(`\${aws:PrincipalTag/workspace}/x`))).toBe('implicit-deny');
    expect(
      withStatement(allow({ NotResource: `${BUCKET}/\${aws:PrincipalTag/workspace}/*` }), put('one/x')),
    ).toBe('implicit-deny');
  });

  it('without a value do not weaken a Deny', () => {
    const exceptOwn = deny({ NotResource: `${BUCKET}/\${aws:PrincipalTag/workspace}/*` });
    expect(withStatement(exceptOwn, put('one/x'))).toBe('explicit-deny');
    expect(withStatement(exceptOwn, put('one/x'), withTag('one'))).toBe('implicit-deny');
  });

  it.each(['*', 'o*', '???'])('with the tag %s are literal', (workspace) => {
    expect(withStatement(tagged, put('one/x'), withTag(workspace))).toBe('implicit-deny');
    expect(withStatement(tagged, put(`${workspace}/x`), withTag(workspace))).toBe('allow');
  });

  it('with colons do not change the parts of an ARN', () => {
    const statement = allow({ Resource: `arn:aws:s3:::\${aws:PrincipalTag/path}` });
    expect(withStatement(statement, put('a:b'), { principalTags: { path: 'media/a:b' } })).toBe('allow');
    const inTheMiddle = allow({ Resource: `arn:aws:s3:\${aws:PrincipalTag/region}::media/a` });
    const regional = { ...put(), resource: 'arn:aws:s3:eu-central-1::media/a' };
    expect(withStatement(inTheMiddle, regional, { principalTags: { region: 'eu-central-1' } })).toBe('allow');
    const shifted = allow({ Resource: `arn:aws:\${aws:PrincipalTag/path}:media/a` });
    expect(withStatement(shifted, put('a'), { principalTags: { path: 's3::' } })).toBe('implicit-deny');
  });

  it('may have a default, and escape wildcards', () => {
    const fallback = allow({ Resource: `${BUCKET}/\${aws:PrincipalTag/team, 'none'}/*` });
    expect(withStatement(fallback, put('none/x'))).toBe('allow');
    expect(withStatement(fallback, put('red/x'), { principalTags: { team: 'red' } })).toBe('allow');
    const literal = allow({ Resource: `${BUCKET}/\${*}\${?}\${$}` });
    expect(withStatement(literal, put('*?$'))).toBe('allow');
    expect(withStatement(literal, put('ab$'))).toBe('implicit-deny');
  });

  it('exist for aws:userid, and not for aws:username, which a role session does not have', () => {
    expect(withStatement(allow({ Resource: `${BUCKET}/\${aws:userid}` }), put('AROAEXAMPLE:pilot'))).toBe(
      'allow',
    );
    expect(withStatement(allow({ Resource: `${BUCKET}/\${aws:username}` }), put('pilot'))).toBe(
      'implicit-deny',
    );
  });

  it('are literal text in policies older than version 2012-10-17', () => {
    const old: PolicyDocument = { Statement: tagged };
    expect(evaluate(session([old], [], withTag('one')), put('one/x'))).toBe('implicit-deny');
  });
});

describe('conditions', () => {
  const epoch = (iso: string) => String(Date.parse(iso) / 1000);

  it.each([
    ['StringEquals', ['a', 'b'], 'b', true],
    ['StringEquals', 'a*', 'ab', false],
    ['StringNotEquals', ['a', 'b'], 'b', false],
    ['StringNotEquals', ['a', 'b'], 'c', true],
    ['StringEqualsIgnoreCase', 'ABC', 'abc', true],
    ['StringLike', 'a*c', 'abc', true],
    ['StringLike', 'a?c', 'a/bc', false],
    ['StringLike', 'abc', 'a*c', false],
    ['StringNotLike', 'a*', 'abc', false],
    ['ArnLike', 'arn:aws:iam::*:role/up*', ROLE, true],
    ['ArnLike', 'arn:aws:*:role/upload', ROLE, false],
    ['ArnEquals', 'arn:aws:iam::*:role/*', ROLE, true],
    ['ArnNotEquals', ROLE, ROLE, false],
    ['Bool', 'true', 'true', true],
    ['Bool', true, 'false', false],
    ['NumericLessThan', '10', '9', true],
    ['NumericLessThan', '10', '10', false],
    ['NumericLessThanEquals', 10, '10', true],
    ['NumericGreaterThan', '10', '9', false],
    ['NumericGreaterThanEquals', '10', '10', true],
    ['NumericEquals', '1.0', '1', true],
    ['NumericEquals', '1', 'one', false],
    ['DateLessThan', '2026-01-01T00:00:00Z', '2025-12-31T23:59:59Z', true],
    ['DateLessThan', epoch('2026-01-01T00:00:00Z'), '2026-01-01T00:00:00Z', false],
    ['DateGreaterThan', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', true],
  ])('%s %s against %s: %s', (operator, value, actual, holds) => {
    expect(withCondition({ [operator]: { 'x:key': value } }, { 'X:Key': actual })).toBe(
      holds ? 'allow' : 'implicit-deny',
    );
  });

  it.each([
    ['StringEquals', 'implicit-deny'],
    ['StringLike', 'implicit-deny'],
    ['StringNotEquals', 'allow'],
    ['StringEqualsIfExists', 'allow'],
    ['ForAllValues:StringEquals', 'allow'],
    ['ForAnyValue:StringEquals', 'implicit-deny'],
    ['ForAnyValue:StringLike', 'implicit-deny'],
  ])('%s for a missing key: %s', (operator, decision) => {
    expect(withCondition({ [operator]: { 'x:key': 'a' } }, {})).toBe(decision);
    expect(withCondition({ [operator]: { 'x:key': 'a' } }, undefined)).toBe(decision);
  });

  it('with IfExists compare an existing key', () => {
    expect(withCondition({ StringEqualsIfExists: { 'x:key': 'a' } }, { 'x:key': 'b' })).toBe('implicit-deny');
  });

  it('with Null check whether the key is missing', () => {
    expect(withCondition({ Null: { 'x:key': 'true' } }, {})).toBe('allow');
    expect(withCondition({ Null: { 'x:key': true } }, { 'x:key': 'a' })).toBe('implicit-deny');
    expect(withCondition({ Null: { 'x:key': 'false' } }, { 'x:key': 'a' })).toBe('allow');
    expect(withCondition({ Null: { 'x:key': 'false' } }, {})).toBe('implicit-deny');
  });

  it.each([
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b'], true],
    ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
    ['ForAllValues:StringLike', ['a*'], ['ab', 'ac'], true],
    ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b'], true],
    ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'd'], false],
    ['ForAnyValue:StringLike', ['x*'], ['ab', 'xc'], true],
    ['ForAllValues:StringNotEquals', ['a'], ['b', 'c'], true],
    ['ForAllValues:StringNotEquals', ['a'], ['a', 'c'], false],
  ])('%s %s against the values %s: %s', (operator, values, actual, holds) => {
    expect(withCondition({ [operator]: { 'x:keys': values } }, { 'x:keys': actual })).toBe(
      holds ? 'allow' : 'implicit-deny',
    );
  });

  it('hold only when every operator and every key holds', () => {
    const both = { StringEquals: { 'x:a': '1', 'x:b': '2' }, Bool: { 'x:c': 'true' } };
    const met = { 'x:a': '1', 'x:b': '2', 'x:c': 'true' };
    expect(withCondition(both, met)).toBe('allow');
    for (const key of Object.keys(met)) {
      expect(withCondition(both, { ...met, [key]: 'other' })).toBe('implicit-deny');
    }
  });

  it('compare a variable literally, and never hold for a missing one in an Allow', () => {
    const like = { StringLike: { 'x:key': `\${aws:PrincipalTag/w}/*` } };
    expect(withCondition(like, { 'x:key': 'one/a' }, { principalTags: { w: 'one' } })).toBe('allow');
    expect(withCondition(like, { 'x:key': 'one/a' }, { principalTags: { w: '*' } })).toBe('implicit-deny');
    const notEquals = { StringNotEquals: { 'x:key': `\${aws:PrincipalTag/w}` } };
    expect(withCondition(notEquals, { 'x:key': 'one' })).toBe('implicit-deny');
    expect(withCondition(notEquals, { 'x:key': 'one' }, { principalTags: { w: 'two' } })).toBe('allow');
    const guard = deny({ Condition: notEquals });
    expect(withStatement(guard, put('a', { context: { 'x:key': 'one' } }))).toBe('explicit-deny');
  });

  it('know the caller and the given time', () => {
    const conditions = {
      ArnEquals: { 'aws:PrincipalArn': ROLE },
      DateLessThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' },
      StringEquals: { 'aws:SourceIdentity': 'ann', 'aws:PrincipalAccount': '123456789012' },
    };
    const statement = allow({ Condition: conditions });
    const ann = { sourceIdentity: 'ann' };
    expect(withStatement(statement, put('a', { now: new Date('2025-06-01') }), ann)).toBe('allow');
    expect(withStatement(statement, put('a', { now: new Date('2026-06-01') }), ann)).toBe('implicit-deny');
    expect(
      withStatement(statement, put('a', { now: new Date('2025-06-01') }), { sourceIdentity: 'bob' }),
    ).toBe('implicit-deny');
  });

  it.each(['StringMatches', 'ForSomeValues:StringEquals', 'IpAddress', 'NullIfExists'])(
    'throw for the unknown operator %s, in any statement',
    (operator) => {
      const other = allow({ Action: 'sqs:SendMessage', Condition: { [operator]: { 'x:key': 'a' } } });
      expect(() => withStatement(other)).toThrow(operator);
    },
  );

  it('throw for an invalid number or date', () => {
    expect(() => withCondition({ NumericLessThan: { 'x:key': 'ten' } }, { 'x:key': '1' })).toThrow('ten');
  });
});

describe('unsupported policies', () => {
  it.each([
    ['no effect', { Action: '*', Resource: '*' }],
    ['both Action and NotAction', { Effect: 'Allow', Action: '*', NotAction: '*', Resource: '*' }],
    ['no Resource', { Effect: 'Allow', Action: '*' }],
    ['an empty action', { Effect: 'Allow', Action: '', Resource: '*' }],
    ['a Principal in a role policy', { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
    ['NotPrincipal', { Effect: 'Deny', NotPrincipal: '*', Action: '*', Resource: '*' }],
    ['an unresolved reference', { Effect: 'Allow', Action: '*', Resource: { Ref: 'Bucket' } }],
  ])('throw for %s', (_what, statement) => {
    expect(() => withStatement(statement as unknown as PolicyStatement)).toThrow();
  });

  it('throw for an unknown version', () => {
    const future = { Version: '2030-01-01', Statement: allow() };
    expect(() => evaluate(session([future]), put())).toThrow('2030-01-01');
  });
});

describe('resource policies', () => {
  const granting = (Principal: NonNullable<PolicyStatement['Principal']>) => policy(allow({ Principal }));

  it.each([
    ['*', 'allow'],
    [{ AWS: '*' }, 'allow'],
    [{ AWS: ROLE }, 'allow'],
    [{ AWS: ['arn:aws:iam::123456789012:role/other', ROLE] }, 'allow'],
    [{ AWS: 'arn:aws:sts::123456789012:assumed-role/upload/pilot' }, 'allow'],
    [{ AWS: 'arn:aws:sts::123456789012:assumed-role/upload/other' }, 'implicit-deny'],
    [{ AWS: 'arn:aws:iam::123456789012:role/*' }, 'implicit-deny'],
    [{ Service: 'lambda.amazonaws.com' }, 'implicit-deny'],
  ] as const)('the principal %j grants a role session: %s', (principal, decision) => {
    expect(evaluateResourcePolicy(granting(principal), session([]), put())).toBe(decision);
    expect(evaluate(session([]), put(), granting(principal))).toBe(decision);
  });

  it('can name a service', () => {
    const lambda = granting({ Service: ['lambda.amazonaws.com'] });
    expect(evaluateResourcePolicy(lambda, { service: 'lambda.amazonaws.com' }, put())).toBe('allow');
    expect(evaluateResourcePolicy(lambda, { service: 'iot.amazonaws.com' }, put())).toBe('implicit-deny');
  });

  it('need the policies of the caller when they only name the account', () => {
    for (const account of ['arn:aws:iam::123456789012:root', '123456789012']) {
      const delegating = granting({ AWS: account });
      expect(evaluate(session([]), put(), delegating)).toBe('implicit-deny');
      expect(evaluate(session([policy(allow())]), put(), delegating)).toBe('allow');
      expect(evaluate(session([policy(allow())]), put(), policy(deny({ Principal: { AWS: account } })))).toBe(
        'explicit-deny',
      );
    }
  });

  it('never extend a session policy', () => {
    const narrowed = session([], [policy(allow({ Resource: `${BUCKET}/a/*` }))]);
    expect(evaluate(narrowed, put('a/x'), granting('*'))).toBe('allow');
    expect(evaluate(narrowed, put('b/x'), granting('*'))).toBe('implicit-deny');
  });

  it('deny what a role allows, under their condition only', () => {
    const tlsOnly = policy(
      deny({
        Action: 's3:*',
        Principal: { AWS: '*' },
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
    const uploader = session([policy(allow())]);
    expect(evaluate(uploader, put('a', { context: { 'aws:SecureTransport': 'true' } }), tlsOnly)).toBe(
      'allow',
    );
    expect(evaluate(uploader, put('a', { context: { 'aws:SecureTransport': 'false' } }), tlsOnly)).toBe(
      'explicit-deny',
    );
  });
});
