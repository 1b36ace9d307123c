import { describe, expect, it } from 'vitest';
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

/** All that each function is told, besides what every function is told. */
const IS_TOLD: Record<HttpFunctionName, Record<string, string>> = {
  login: SIGN_IN,
  'token-refresh': SIGN_IN,
  'fast-upload': { ...TABLE, ...BUCKET, ...WORKSPACES },
  'tiny-fingerprints': { ...TABLE, ...WORKSPACES },
  sts: {
    ...BUCKET,
    ...WORKSPACES,
    UPLOAD_ROLE_ARN: '<AWS::IAM::Role.Arn>',
    OBJECT_STORAGE_ENDPOINT: 'https://s3.<AWS::Region>.<AWS::URLSuffix>',
  },
  'upload-callback': { ...TABLE, ...BUCKET, ...WORKSPACES },
  'group-upload-callback': { ...TABLE, ...WORKSPACES },
  flight: { ...TABLE, ...WORKSPACES },
  'prioritize-flight': { ...TABLE, ...WORKSPACES },
  'unknown-route': {},
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

  it('answers before API Gateway gives up', () => {
    expect(Properties.Timeout).toBeLessThan(30);
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
  it('are those of functions/routes.ts', () => {
    const names = template
      .ofType('AWS::Lambda::Function')
      .map(({ Properties }) => Properties.Description.split(':')[0]);
    expect(names.sort()).toEqual(HTTP_FUNCTIONS.map(({ name }) => name).sort());
  });

  it('each have code of their own', () => {
    const keys = template.ofType('AWS::Lambda::Function').map(({ Properties }) => Properties.Code.S3Key);
    expect(new Set(keys).size).toBe(HTTP_FUNCTIONS.length);
  });

  it('are told an empty MQTT address when there is none', () => {
    const { Variables } = synthesise().function('login').Properties.Environment;
    expect(Variables.MQTT_ADDRESS).toBe('');
  });
});
