import { describe, expect, it } from 'vitest';
import { DOCK_FUNCTIONS, type DockFunctionName } from '../../functions/dock-methods.ts';
import { HTTP_FUNCTIONS, type HttpFunctionName } from '../../functions/routes.ts';
import { synthesise } from './synthesise.ts';

const template = synthesise({ mqttAddress: 'ssl://mqtt.example.com:8883', logRetentionDays: 90 });

const TABLE = { MEDIA_TABLE_NAME: '<AWS::DynamoDB::GlobalTable>' };
const BUCKET = { MEDIA_BUCKET_NAME: '<AWS::S3::Bucket>' };
const WORKSPACES = { WORKSPACES_CLAIM: 'cognito:groups' };
const SIGN_IN = {
  USER_POOL_CLIENT_ID: '<AWS::Cognito::UserPoolClient>',
  MQTT_ADDRESS: 'ssl://mqtt.example.com:8883',
};

const UPLOADS = {
  ...BUCKET,
  UPLOAD_ROLE_ARN: '<AWS::IAM::Role.Arn>',
  OBJECT_STORAGE_ENDPOINT: 'https://s3.<AWS::Region>.<AWS::URLSuffix>',
};

type FunctionName = HttpFunctionName | DockFunctionName | 'authorizer' | 'object-removed';

/** All that each function is told, besides what every function is told. */
const IS_TOLD: Record<FunctionName, Record<string, string>> = {
  login: SIGN_IN,
  'token-refresh': SIGN_IN,
  'fast-upload': { ...TABLE, ...BUCKET, ...WORKSPACES },
  'tiny-fingerprints': { ...TABLE, ...WORKSPACES },
  sts: { ...UPLOADS, ...WORKSPACES },
  'upload-callback': { ...TABLE, ...BUCKET, ...WORKSPACES },
  'group-upload-callback': { ...TABLE, ...WORKSPACES },
  flight: { ...TABLE, ...WORKSPACES },
  'prioritize-flight': { ...TABLE, ...WORKSPACES },
  'unknown-route': {},
  'storage-config-get': { ...TABLE, ...UPLOADS },
  'file-upload-callback': { ...TABLE, ...BUCKET },
  'highest-priority-upload-flighttask-media': TABLE,
  'upload-flighttask-media-prioritize': TABLE,
  config: { ...TABLE, DOCK_SETTINGS_SECRET_ARN: '<AWS::SecretsManager::Secret>' },
  'airport-bind-status': TABLE,
  'airport-organization-get': TABLE,
  'airport-organization-bind': TABLE,
  'update-topo': TABLE,
  'unnamed-message': {},
  authorizer: TABLE,
  'object-removed': { ...TABLE, ...BUCKET },
};

/** Seconds after which whoever asked has given up; nobody waits for `object-removed`. */
const ASKED_FOR: Record<string, number> = {
  ...Object.fromEntries(HTTP_FUNCTIONS.map(({ name }) => [name, 30])),
  ...Object.fromEntries(DOCK_FUNCTIONS.map(({ name }) => [name, 11])),
  authorizer: 5,
};

describe.each(Object.entries(IS_TOLD))('the function %s', (name, isTold) => {
  const { Properties } = template.function(name);

  it('runs on Node 24 on arm64, from its bundle', () => {
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
    });
  });

  it('answers before whoever asked gives up', () => {
    expect(Properties.Timeout).toBeLessThan(ASKED_FOR[name] ?? 900);
  });

  it('writes JSON to a log group of its own, that is kept for the configured time', () => {
    expect(Properties.LoggingConfig.LogFormat).toBe('JSON');
    const group = template.target(Properties.LoggingConfig.LogGroup);
    expect(group).toMatchObject({ DeletionPolicy: 'Delete', Properties: { RetentionInDays: 90 } });
    const writers = template
      .ofType('AWS::Lambda::Function')
      .filter((fn) => template.target(fn.Properties.LoggingConfig.LogGroup).id === group.id);
    expect(writers).toHaveLength(1);
  });

  it('is told what it needs and nothing else', () => {
    const told = Object.entries(Properties.Environment.Variables).map(([key, value]) => [
      key,
      template.text(value),
    ]);
    expect(Object.fromEntries(told)).toEqual({
      POWERTOOLS_SERVICE_NAME: 'media-library',
      POWERTOOLS_METRICS_NAMESPACE: 'MediaLibrary',
      ...isTold,
    });
  });
});

describe('the functions', () => {
  it('are those of functions/routes.ts and functions/dock-methods.ts, the authorizer, and the one that hears of removed objects', () => {
    expect(template.functionNames).toEqual(
      [
        ...HTTP_FUNCTIONS.map(({ name }) => name),
        ...DOCK_FUNCTIONS.map(({ name }) => name),
        'authorizer',
        'object-removed',
      ].sort(),
    );
  });

  it('each have code of their own', () => {
    const keys = template.ofType('AWS::Lambda::Function').map(({ Properties }) => Properties.Code.S3Key);
    expect(new Set(keys).size).toBe(template.functionNames.length);
  });

  it('are told an empty MQTT address when there is none', () => {
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
