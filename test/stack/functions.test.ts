import { describe, expect, it } from 'vitest';
import {
  type FunctionRow,
  MANIFEST,
  type Permissions,
  type Trigger,
  type WorkQueueName,
} from '../../functions/manifest.ts';
import { synthesise } from './synthesise.ts';

const template = synthesise({ mqttAddress: 'ssl://mqtt.example.com:8883', logRetentionInDays: 90 });

const BUCKET = { MEDIA_BUCKET_NAME: '<AWS::S3::Bucket>' };

const QUEUE_URLS: Record<WorkQueueName, string> = {
  changes: 'CHANGES_QUEUE_URL',
  digests: 'DIGESTS_QUEUE_URL',
  'flight-checks': 'FLIGHT_CHECKS_QUEUE_URL',
};

/** What each permission tells a function. */
const TELLS: { [Name in keyof Permissions]-?: (what: Permissions[Name]) => Record<string, string> } = {
  table: () => ({ MEDIA_TABLE_NAME: '<AWS::DynamoDB::GlobalTable>' }),
  bucket: (what) =>
    what === 'address'
      ? { ...BUCKET, OBJECT_STORAGE_ENDPOINT: 'https://s3.<AWS::Region>.<AWS::URLSuffix>' }
      : BUCKET,
  uploadRole: () => ({ UPLOAD_ROLE_ARN: '<AWS::IAM::Role.Arn>' }),
  dockSettings: () => ({ DOCK_SETTINGS_SECRET_ARN: '<AWS::SecretsManager::Secret>' }),
  publish: () => ({}),
  events: () => ({ EVENT_SOURCE: 'MediaLibrary' }),
  queues: (names) => Object.fromEntries((names ?? []).map((name) => [QUEUE_URLS[name], '<AWS::SQS::Queue>'])),
  identity: (what) =>
    what === 'sign-in'
      ? { USER_POOL_CLIENT_ID: '<AWS::Cognito::UserPoolClient>' }
      : { USER_POOL_ID: '<AWS::Cognito::UserPool>' },
  broker: () => ({ MQTT_ADDRESS: 'ssl://mqtt.example.com:8883' }),
};

/** All that a function is told. */
const isTold = ({ trigger, may }: FunctionRow): Record<string, string> => {
  const permissions = Object.keys(may) as (keyof Permissions)[];
  return Object.assign(
    { POWERTOOLS_LOG_LEVEL: 'INFO', POWERTOOLS_SERVICE_NAME: 'MediaLibrary' },
    trigger.kind === 'http' && trigger.contract.access !== 'open' && { WORKSPACES_CLAIM: 'cognito:groups' },
    ...permissions.map((name) => (TELLS[name] as (what: unknown) => object)(may[name])),
  );
};

/** Seconds after which whoever asked has given up; nobody waits for a message of a queue. */
const ASKED_FOR: Record<Trigger['kind'], number> = {
  http: 30,
  mqtt: 11,
  'mqtt-unnamed': 11,
  'mqtt-sign-in': 5,
  queue: 901,
};

describe.each(MANIFEST)('the function $name', (row) => {
  const { Properties } = template.function(row.name);

  it('runs on Node 24 on arm64, from its bundle', () => {
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
    });
  });

  it('responds before its caller times out', () => {
    expect(Properties.Timeout).toBeLessThan(ASKED_FOR[row.trigger.kind]);
  });

  it('writes JSON to its own log group, with the configured retention', () => {
    expect(Properties.LoggingConfig.LogFormat).toBe('JSON');
    const group = template.target(Properties.LoggingConfig.LogGroup);
    expect(group).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 90 } });
    const writers = template
      .ofType('AWS::Lambda::Function')
      .filter((fn) => template.target(fn.Properties.LoggingConfig.LogGroup).id === group.id);
    expect(writers).toHaveLength(1);
  });

  it('has only the variables that it needs', () => {
    const told = Object.entries(Properties.Environment.Variables).map(([key, value]) => [
      key,
      template.text(value),
    ]);
    expect(Object.fromEntries(told)).toEqual(isTold(row));
  });
});

describe('the functions', () => {
  it('are those of the manifest, with distinct names', () => {
    expect(template.functionNames).toEqual(MANIFEST.map(({ name }) => name).sort());
    expect(new Set(template.functionNames).size).toBe(MANIFEST.length);
  });

  it('have the default memory, unless their row has a reason', () => {
    for (const { name, memoryInMegabytes } of MANIFEST)
      expect(template.function(name).Properties.MemorySize).toBe(memoryInMegabytes ?? 256);
  });

  it.each([
    ['INFO', undefined, 'WARN'],
    ['DEBUG', 'DEBUG', 'INFO'],
    ['ERROR', 'ERROR', 'WARN'],
  ])('log from level %s with the configured level %s', (level, logLevel, systemLevel) => {
    const { Properties } = synthesise({ logLevel }).function('sts');
    expect(Properties.LoggingConfig).toMatchObject({
      ApplicationLogLevel: level,
      SystemLogLevel: systemLevel,
    });
    expect(Properties.Environment.Variables.POWERTOOLS_LOG_LEVEL).toBe(level);
  });

  it('each have their own code', () => {
    const keys = template.ofType('AWS::Lambda::Function').map(({ Properties }) => Properties.Code.S3Key);
    expect(new Set(keys).size).toBe(template.functionNames.length);
  });

  it('have an empty MQTT address when there is none', () => {
    const { Variables } = synthesise().function('login').Properties.Environment;
    expect(Variables.MQTT_ADDRESS).toBe('');
  });

  it.each([
    ['login', 'mqttAddress wins', 'ssl://bridge.example.com:8883', 'ssl://bridge.example.com:8883'],
    ['token-refresh', 'the domain is told', undefined, 'ssl://mqtt.example.com:8883'],
  ])('with a domain of docks, %s: %s', (name, _what, mqttAddress, told) => {
    const dock = {
      endpoint: 'custom-domain',
      domainName: 'mqtt.example.com',
      certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/a1',
    };
    const { Variables } = synthesise({ dock, mqttAddress }).function(name).Properties.Environment;
    expect(Variables.MQTT_ADDRESS).toBe(told);
  });
});

describe('reserved concurrency', () => {
  const reservedIn = (synthesised: ReturnType<typeof synthesise>) =>
    Object.fromEntries(
      synthesised.functionNames
        .map((name) => [name, synthesised.function(name).Properties.ReservedConcurrentExecutions])
        .filter(([, reserved]) => reserved !== undefined),
    );

  it('is not set by default, since new accounts have too little', () => {
    expect(reservedIn(template)).toEqual({});
  });

  it('is set for the functions that strangers can call, as configured', () => {
    const reservedConcurrency = { authorizer: 50, login: 20, tokenRefresh: 10, unknownRoute: 5 };
    expect(reservedIn(synthesise({ reservedConcurrency }))).toEqual({
      authorizer: 50,
      login: 20,
      'token-refresh': 10,
      'unknown-route': 5,
    });
  });
});
