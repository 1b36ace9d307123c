import { describe, expect, it } from 'vitest';
import { interpretTemplate } from '../../template/interpreter.ts';
import { IOT_TYPES, readIotAuthorizer, readTopicRules } from '../../template/resources/iot.ts';
import { SQS_TYPES } from '../../template/resources/sqs.ts';

const ENVIRONMENT = {
  region: 'eu-central-1',
  accountId: '123456789012',
  partition: 'aws',
  urlSuffix: 'amazonaws.com',
  stackName: 'MediaLibrary',
};

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

const interpret = (resources: Resources) =>
  interpretTemplate(
    { Resources: resources },
    { environment: ENVIRONMENT, types: { ...IOT_TYPES, ...SQS_TYPES } },
  );

const queue = { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 1_209_600 } };

const rule = (payload: Record<string, unknown>) => ({
  Type: 'AWS::IoT::TopicRule',
  Properties: {
    TopicRulePayload: {
      Actions: [{ Lambda: { FunctionArn: 'arn:function' } }],
      AwsIotSqlVersion: '2016-03-23',
      Sql: "SELECT * FROM 'a'",
      ...payload,
    },
  },
});

const authorizer = (properties: Record<string, unknown> = {}) => ({
  Type: 'AWS::IoT::Authorizer',
  Properties: {
    AuthorizerFunctionArn: 'arn:function',
    SigningDisabled: true,
    Status: 'ACTIVE',
    ...properties,
  },
});

describe('topic rules of the template', () => {
  it('are read with their actions and error action', () => {
    const errorAction = { Sqs: { QueueUrl: { Ref: 'DeadLetters' }, RoleArn: 'arn:role', UseBase64: false } };
    const template = interpret({
      'Upload-Rule': rule({ ErrorAction: errorAction, RuleDisabled: false }),
      DeadLetters: queue,
    });
    expect(readTopicRules(template)).toEqual([
      {
        name: 'MediaLibrary_Upload_Rule',
        arn: 'arn:aws:iot:eu-central-1:123456789012:rule/MediaLibrary_Upload_Rule',
        sql: "SELECT * FROM 'a'",
        enabled: true,
        actions: [{ kind: 'lambda', functionArn: 'arn:function' }],
        errorAction: {
          kind: 'sqs',
          queueArn: 'arn:aws:sqs:eu-central-1:123456789012:MediaLibrary-DeadLetters',
          roleArn: 'arn:role',
          useBase64: false,
        },
      },
    ]);
  });

  it('may be disabled', () => {
    expect(readTopicRules(interpret({ Rule: rule({ RuleDisabled: true }) }))).toMatchObject([
      { enabled: false },
    ]);
  });

  it.each([
    ['another version of SQL', { AwsIotSqlVersion: '2015-10-08' }, 'SQL version 2016-03-23, not 2015-10-08'],
    ['the version of SQL that AWS takes by default', { AwsIotSqlVersion: undefined }, 'not undefined'],
    ['another action', { Actions: [{ S3: {} }] }, 'does not support the action S3'],
    ['another property', { Comment: 'x' }, 'does not support Comment of a rule'],
    [
      'a queue of somebody else',
      { ErrorAction: { Sqs: { QueueUrl: 'https://sqs/other', RoleArn: 'arn:role' } } },
      'There is no queue https://sqs/other',
    ],
  ])('are refused with %s', (_description, payload, reason) => {
    expect(() => readTopicRules(interpret({ Rule: rule(payload) }))).toThrow(reason);
  });
});

describe('the authorizer of the template', () => {
  const expected = {
    name: 'MediaLibrary_Docks',
    arn: 'arn:aws:iot:eu-central-1:123456789012:authorizer/MediaLibrary_Docks',
    functionArn: 'arn:function',
  };
  const domain = {
    Type: 'AWS::IoT::DomainConfiguration',
    Properties: {
      ApplicationProtocol: 'SECURE_MQTT',
      AuthenticationType: 'CUSTOM_AUTH',
      AuthorizerConfig: { AllowAuthorizerOverride: false, DefaultAuthorizerName: { Ref: 'Docks' } },
    },
  };

  it.each([
    ['that the domain configuration names', { Docks: authorizer(), Domain: domain }],
    ['when there is no domain configuration', { Docks: authorizer() }],
  ])('is the one %s', (_description, resources: Resources) => {
    expect(readIotAuthorizer(interpret(resources))).toEqual(expected);
  });

  it('may be missing', () => {
    expect(readIotAuthorizer(interpret({}))).toBeUndefined();
  });

  it.each([
    ['tokens are signed', { SigningDisabled: false }, 'does not support signed tokens'],
    ['signing is not mentioned', { SigningDisabled: undefined }, 'does not support signed tokens'],
    ['it is inactive', { Status: 'INACTIVE' }, 'Status is not ACTIVE'],
  ])('is refused when %s', (_description, properties, reason) => {
    expect(() => readIotAuthorizer(interpret({ Docks: authorizer(properties) }))).toThrow(reason);
  });

  it('is refused when there are two', () => {
    expect(() => readIotAuthorizer(interpret({ Docks: authorizer(), Others: authorizer() }))).toThrow(
      'one authorizer',
    );
  });
});
