import { describe, expect, it } from 'vitest';
import type { DockFunctionName } from '../../functions/dock-methods.ts';
import type { HttpFunctionName } from '../../functions/routes.ts';
import { type Json, list, type Resource, synthesise } from './synthesise.ts';

const template = synthesise();

const TABLE = '<AWS::DynamoDB::GlobalTable.Arn>';
const BUCKET = '<AWS::S3::Bucket.Arn>';
const UPLOAD_ROLE = '<AWS::IAM::Role.Arn>';
const ISSUES_CREDENTIALS = ['AssumeRole', 'SetSourceIdentity', 'TagSession'].map(
  (action) => `sts:${action} on ${UPLOAD_ROLE}`,
);
const SEES_OBJECTS = [`s3:GetObject on ${BUCKET}/*`, `s3:ListBucket on ${BUCKET}`];
/** What a function is called with, and failed at, goes there. */
const KEEPS_FAILURES = 'sqs:SendMessage on <AWS::SQS::Queue.Arn>';

const publishesOn = (topic: string) =>
  `iot:Publish on arn:<AWS::Partition>:iot:<AWS::Region>:<AWS::AccountId>:topic/${topic}`;
/** What every method of docks takes that is answered. */
const answersOn = (topic: string) => [KEEPS_FAILURES, `dynamodb:Query on ${TABLE}`, publishesOn(topic)];

/** All that each function may do besides writing to its own log. */
const MAY: Record<HttpFunctionName | DockFunctionName | 'authorizer' | 'object-removed', string[]> = {
  login: [],
  'token-refresh': [],
  'fast-upload': [
    `dynamodb:DeleteItem on ${TABLE}`,
    `dynamodb:GetItem on ${TABLE}`,
    `dynamodb:PutItem on ${TABLE}`,
    `dynamodb:UpdateItem on ${TABLE}`,
    ...SEES_OBJECTS,
  ],
  'tiny-fingerprints': [`dynamodb:BatchGetItem on ${TABLE}`],
  sts: ISSUES_CREDENTIALS,
  'upload-callback': [
    `dynamodb:GetItem on ${TABLE}`,
    `dynamodb:PutItem on ${TABLE}`,
    `dynamodb:UpdateItem on ${TABLE}`,
    ...SEES_OBJECTS,
  ],
  'group-upload-callback': [`dynamodb:UpdateItem on ${TABLE}`],
  flight: [`dynamodb:GetItem on ${TABLE}`, `dynamodb:Query on ${TABLE}`],
  'prioritize-flight': [
    `dynamodb:GetItem on ${TABLE}`,
    `dynamodb:PutItem on ${TABLE}`,
    `dynamodb:Query on ${TABLE}`,
    `dynamodb:UpdateItem on ${TABLE}`,
    publishesOn('thing/product/*/services'),
  ],
  'unknown-route': [],
  'storage-config-get': [...answersOn('thing/product/*/requests_reply'), ...ISSUES_CREDENTIALS],
  'file-upload-callback': [
    ...answersOn('thing/product/*/events_reply'),
    `dynamodb:GetItem on ${TABLE}`,
    `dynamodb:PutItem on ${TABLE}`,
    `dynamodb:UpdateItem on ${TABLE}`,
    ...SEES_OBJECTS,
  ],
  'highest-priority-upload-flighttask-media': [
    ...answersOn('thing/product/*/events_reply'),
    `dynamodb:UpdateItem on ${TABLE}`,
  ],
  'upload-flighttask-media-prioritize': [
    KEEPS_FAILURES,
    `dynamodb:GetItem on ${TABLE}`,
    `dynamodb:Query on ${TABLE}`,
    `dynamodb:UpdateItem on ${TABLE}`,
  ],
  config: [
    ...answersOn('thing/product/*/requests_reply'),
    'secretsmanager:GetSecretValue on <AWS::SecretsManager::Secret>',
  ],
  'airport-bind-status': answersOn('thing/product/*/requests_reply'),
  'airport-organization-get': answersOn('thing/product/*/requests_reply'),
  'airport-organization-bind': [
    ...answersOn('thing/product/*/requests_reply'),
    `dynamodb:UpdateItem on ${TABLE}`,
  ],
  'update-topo': [...answersOn('sys/product/*/status_reply'), `dynamodb:UpdateItem on ${TABLE}`],
  'unnamed-message': [KEEPS_FAILURES],
  authorizer: [`dynamodb:Query on ${TABLE}`],
  'object-removed': [
    KEEPS_FAILURES,
    `dynamodb:DeleteItem on ${TABLE}`,
    `dynamodb:Query on ${TABLE}`,
    ...SEES_OBJECTS,
  ],
};

const permissions = (statements: Json[]): string[] =>
  statements
    .flatMap(({ Effect, Action, Resource }) =>
      list(Action).flatMap((action) =>
        list(Resource).map(
          (resource) =>
            `${Effect === 'Allow' ? '' : `${Effect} `}${action} on ${template.text(resource as Json)}`,
        ),
      ),
    )
    .sort();

describe('the permissions of a function', () => {
  it.each(Object.entries(MAY))('%s may do exactly what it needs', (name, may) => {
    const role = template.target(template.function(name).Properties.Role);
    const statements = template.statementsOf(role);
    expect(statements.every(({ Condition }) => Condition === undefined)).toBe(true);
    expect(permissions(statements)).toEqual(
      [
        ...may,
        'logs:CreateLogStream on <AWS::Logs::LogGroup.Arn>',
        'logs:PutLogEvents on <AWS::Logs::LogGroup.Arn>',
      ].sort(),
    );
  });

  it.each(Object.keys(MAY))('%s writes to its own log group only', (name) => {
    const { Role, LoggingConfig } = template.function(name).Properties;
    const logging = template
      .statementsOf(template.target(Role))
      .filter(({ Action }) => list(Action).some((action) => String(action).startsWith('logs:')));
    const groups = logging.flatMap(({ Resource }) => list(Resource).map((arn) => template.target(arn).id));
    expect(groups).toEqual([template.target(LoggingConfig.LogGroup).id]);
  });

  it.each(Object.keys(MAY))('%s has a role of its own, for Lambda only', (name) => {
    const { id, Properties } = template.target(template.function(name).Properties.Role);
    const holders = template
      .ofType('AWS::Lambda::Function')
      .filter((fn) => template.target(fn.Properties.Role).id === id);
    expect(holders).toHaveLength(1);
    expect(Properties.ManagedPolicyArns).toBeUndefined();
    expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
      { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } },
    ]);
  });
});

describe('the upload role', () => {
  const issuers = ['storage-config-get', 'sts'].map((name) => template.function(name).Properties);
  const roles = issuers.map(({ Environment }) => template.target(Environment.Variables.UPLOAD_ROLE_ARN));
  const role = roles[0] as Resource;

  it('uploads below the prefix in the session tag, and does nothing else', () => {
    expect(permissions(template.statementsOf(role))).toEqual(
      ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:PutObject'].map(
        (action) => `${action} on ${BUCKET}/\${aws:PrincipalTag/object_key_prefix}/*`,
      ),
    );
  });

  it('is assumed by those that hand out credentials alone, and only with the tag', () => {
    const principal = { AWS: issuers.map(({ Role }) => Role) };
    expect(role.Properties.AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Principal: principal,
        Condition: { StringLike: { 'aws:RequestTag/object_key_prefix': '?*' } },
      },
      { Effect: 'Allow', Action: 'sts:SetSourceIdentity', Principal: principal },
    ]);
  });

  it('lends itself for an hour at most', () => {
    expect(role.Properties.MaxSessionDuration).toBe(3600);
  });

  it('is the one that they are told, and may assume', () => {
    expect(new Set(roles.map(({ id }) => id)).size).toBe(1);
    for (const { Role } of issuers) {
      const assumes = template
        .statementsOf(template.target(Role))
        .filter(({ Action }) => list(Action).includes('sts:AssumeRole'));
      expect(assumes.map(({ Resource }) => template.target(Resource).id)).toEqual([role.id]);
    }
  });
});

describe('all policies together', () => {
  const statements = (function find(value: Json): Json[] {
    if (typeof value !== 'object' || value === null) return [];
    const own = value.Effect ? [value] : [];
    return [...own, ...Object.values(value).flatMap(find)];
  })(synthesise({ alarmEmail: 'ops@example.com' }).json.Resources);
  const allowing = statements.filter(({ Effect }) => Effect === 'Allow');

  it('name every resource', () => {
    expect(allowing.length).toBeGreaterThan(20);
    for (const { Resource = [], NotResource } of allowing) {
      expect(list(Resource)).not.toContain('*');
      expect(NotResource).toBeUndefined();
    }
  });

  it('name every action', () => {
    for (const { Action, NotAction } of allowing) {
      expect(list(Action).filter((action) => String(action).includes('*'))).toEqual([]);
      expect(NotAction).toBeUndefined();
    }
  });

  it('name everybody who is let in', () => {
    for (const { Principal } of allowing) {
      expect(JSON.stringify(Principal ?? {})).not.toContain('*');
    }
  });
});
