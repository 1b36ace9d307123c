import { describe, expect, it } from 'vitest';
import { type FunctionRow, functionsOf, MANIFEST, type Permissions } from '../../functions/manifest.ts';
import { type Json, list, type Resource, synthesise } from './synthesise.ts';

const template = synthesise();

const TABLE = '<AWS::DynamoDB::GlobalTable.Arn>';
const BUCKET = '<AWS::S3::Bucket.Arn>';
const UPLOAD_ROLE = '<AWS::IAM::Role.Arn>';
/** What a function is called with, and failed at, goes there. */
const KEEPS_FAILURES = 'sqs:SendMessage on <AWS::SQS::Queue.Arn>';

const publishesOn = (topic: string) =>
  `iot:Publish on arn:<AWS::Partition>:iot:<AWS::Region>:<AWS::AccountId>:topic/${topic}`;

/** What each permission of the manifest allows. */
const ALLOWS: {
  [Name in keyof Permissions]-?: (what: NonNullable<Permissions[Name]>) => readonly string[];
} = {
  table: (actions) => actions.map((action) => `dynamodb:${action} on ${TABLE}`),
  bucket: (what) =>
    what === 'read'
      ? [
          ...['GetObject', 'GetObjectVersion'].map((action) => `s3:${action} on ${BUCKET}/*`),
          ...['ListBucket', 'ListBucketVersions'].map((action) => `s3:${action} on ${BUCKET}`),
        ]
      : [],
  queues: (names) => names.map(() => 'sqs:SendMessage on <AWS::SQS::Queue.Arn>'),
  events: () => [
    'events:PutEvents on arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:event-bus/default',
  ],
  uploadRole: () =>
    ['AssumeRole', 'SetSourceIdentity', 'TagSession'].map((action) => `sts:${action} on ${UPLOAD_ROLE}`),
  dockSettings: () => ['secretsmanager:GetSecretValue on <AWS::SecretsManager::Secret>'],
  publish: (channels) => channels.map((channel) => publishesOn(`thing/product/*/${channel}`)),
  identity: (what) => (what === 'sign-in' ? [] : ['cognito-idp:GetGroup on <AWS::Cognito::UserPool.Arn>']),
  broker: () => [],
};

/** Where the reply to each channel of devices goes. */
const REPLIES: Record<string, string[]> = {
  requests: [publishesOn('thing/product/*/requests_reply')],
  events: [publishesOn('thing/product/*/events_reply')],
  status: [publishesOn('sys/product/*/status_reply')],
  services_reply: [],
};

/** What goes without saying in a row: what its trigger needs. */
function impliedBy({ trigger }: FunctionRow): readonly string[] {
  if (trigger.kind === 'mqtt') return [KEEPS_FAILURES, ...(REPLIES[trigger.contract.channel] ?? [])];
  if (trigger.kind === 'queue')
    return ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map(
      (action) => `sqs:${action} on <AWS::SQS::Queue.Arn>`,
    );
  return trigger.kind === 'mqtt-unnamed' ? [KEEPS_FAILURES] : [];
}

/** All that each function may do besides writing to its own log. */
const MAY = MANIFEST.map((row): [name: string, may: string[]] => {
  const names = Object.keys(row.may) as (keyof Permissions)[];
  const allowed = names.flatMap((name) => (ALLOWS[name] as (what: unknown) => string[])(row.may[name]));
  return [row.name, [...impliedBy(row), ...allowed]];
});

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
  it.each(MAY)('%s may do exactly what it needs', (name, may) => {
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

  it.each(MAY)('%s writes to its own log group only', (name) => {
    const { Role, LoggingConfig } = template.function(name).Properties;
    const logging = template
      .statementsOf(template.target(Role))
      .filter(({ Action }) => list(Action).some((action) => String(action).startsWith('logs:')));
    const groups = logging.flatMap(({ Resource }) => list(Resource).map((arn) => template.target(arn).id));
    expect(groups).toEqual([template.target(LoggingConfig.LogGroup).id]);
  });

  it.each(MAY)('%s has its own role, for Lambda only', (name) => {
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

describe('the manifest', () => {
  const namesThat = (holds: (may: Permissions) => boolean | undefined): string[] =>
    MANIFEST.filter(({ may }) => holds(may)).map(({ name }) => name);

  it('allows deletes only to functions that find missing objects', () => {
    expect(namesThat(({ table }) => table?.includes('DeleteItem'))).toEqual([
      'fast-upload',
      'upload-callback',
      'file-upload-callback',
      'take-in-changes',
      'verify-version',
    ]);
  });

  it('allows reads of objects only to functions that need them', () => {
    expect(namesThat(({ bucket }) => bucket === 'read')).toEqual([
      'fast-upload',
      'upload-callback',
      'file-upload-callback',
      'take-in-changes',
      'verify-version',
    ]);
  });

  it('allows credentials only to functions that issue them', () => {
    expect(namesThat(({ uploadRole }) => uploadRole !== undefined)).toEqual(['sts', 'storage-config-get']);
  });

  it('allows publishing requests to docks to one function, and reading their licence to one', () => {
    expect(namesThat(({ publish }) => publish !== undefined)).toEqual(['prioritize-flight']);
    expect(namesThat(({ dockSettings }) => dockSettings !== undefined)).toEqual(['config']);
  });

  it('allows reading the registry to every method of docks', () => {
    for (const { may } of functionsOf('mqtt')) expect(may.table).toContain('Query');
  });

  it('allows requests without a token only for sign-in, preflight requests and unknown routes', () => {
    const open = functionsOf('http').filter(({ trigger }) => trigger.contract.access === 'open');
    expect(open.map(({ name }) => name)).toEqual(['login', 'token-refresh', 'preflight', 'unknown-route']);
  });
});

describe('the upload role', () => {
  const issuers = ['storage-config-get', 'sts'].map((name) => template.function(name).Properties);
  const roles = issuers.map(({ Environment }) => template.target(Environment.Variables.UPLOAD_ROLE_ARN));
  const role = roles[0] as Resource;

  it('can upload below the scope in the session tag, and nothing else', () => {
    expect(permissions(template.statementsOf(role))).toEqual(
      [
        ...['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:PutObject'].map(
          (action) => `${action} on ${BUCKET}/\${aws:PrincipalTag/object_key_scope}/*`,
        ),
        `s3:GetBucketLocation on ${BUCKET}`,
      ].sort(),
    );
  });

  it('can upload objects of the standard storage class and encryption only', () => {
    const [uploads] = template.statementsOf(role);
    expect(uploads?.Condition).toEqual({
      StringEqualsIfExists: {
        's3:x-amz-storage-class': 'STANDARD',
        's3:x-amz-server-side-encryption': 'AES256',
      },
    });
  });

  it('can be assumed only by functions that issue credentials, and only with the tag', () => {
    const principal = { AWS: issuers.map(({ Role }) => Role) };
    expect(role.Properties.AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Principal: principal,
        Condition: { StringLike: { 'aws:RequestTag/object_key_scope': '?*' } },
      },
      { Effect: 'Allow', Action: 'sts:SetSourceIdentity', Principal: principal },
    ]);
  });

  it('can be assumed for an hour at most', () => {
    expect(role.Properties.MaxSessionDuration).toBe(3600);
  });

  it('is the one in their variables that they may assume', () => {
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

  it('name every principal', () => {
    for (const { Principal } of allowing) {
      expect(JSON.stringify(Principal ?? {})).not.toContain('*');
    }
  });
});
