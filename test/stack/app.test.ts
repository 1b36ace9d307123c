import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Template, withApp } from './synthesise.ts';

const folder = mkdtempSync(join(tmpdir(), 'media-library-app-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the app as `npm run synth` does, in a child process with CDK's own check of the template. */
const run = (configuration: unknown, region = '') => {
  const { status, stderr } = spawnSync(process.execPath, ['bin/media-library.ts'], {
    cwd: join(import.meta.dirname, '..', '..'),
    encoding: 'utf8',
    env: {
      ...process.env,
      CDK_VALIDATION: 'true',
      CDK_OUTDIR: folder,
      CDK_CONTEXT_JSON: JSON.stringify({ 'media-library': configuration }),
      // What `cdk` sets to the region that it would deploy to.
      CDK_DEFAULT_REGION: region,
    },
  });
  return { status, stderr };
};

describe('the app', () => {
  let outcome: ReturnType<typeof run>;
  let template: Template;
  beforeAll(() => {
    outcome = run({});
    template = new Template(JSON.parse(readFileSync(join(folder, 'MediaLibrary.template.json'), 'utf8')));
  });

  it('synthesises without an account, a finding or a warning', () => {
    expect(outcome).toEqual({ status: 0, stderr: '' });
  });

  it('makes a template for any account and region', () => {
    const text = JSON.stringify(template.json);
    expect(text).not.toMatch(/\b\d{12}\b/);
    expect(text).not.toMatch(/\b(?:us|eu|ap|ca|sa|af|me|il|mx|cn)-[a-z]+-\d\b/);
    expect(text).not.toContain('dummy-value');
  });

  it('makes a template without parameters and without custom resources', () => {
    expect(template.json.Parameters).toBeUndefined();
    const types = template.resources.map(({ Type }) => Type);
    expect(types.filter((type) => /^(?:Custom::|AWS::CloudFormation::|AWS::CDK::)/.test(type))).toEqual([]);
  });

  it('has all addresses in its outputs', () => {
    const outputs = Object.entries<{ Value: unknown }>(template.json.Outputs);
    expect(Object.fromEntries(outputs.map(([id, { Value }]) => [id, template.text(Value)]))).toEqual({
      ApiAddress: '<AWS::ApiGatewayV2::Api.ApiEndpoint>',
      MediaBucketName: '<AWS::S3::Bucket>',
      MediaTableName: '<AWS::DynamoDB::GlobalTable>',
      UserPoolId: '<AWS::Cognito::UserPool>',
      UserPoolClientId: '<AWS::Cognito::UserPoolClient>',
      UploadRoleArn: '<AWS::IAM::Role.Arn>',
      ChangesQueueUrl: '<AWS::SQS::Queue>',
      DigestsQueueUrl: '<AWS::SQS::Queue>',
      FlightChecksQueueUrl: '<AWS::SQS::Queue>',
      UndeliveredQueueUrl: '<AWS::SQS::Queue>',
      UnhandledQueueUrl: '<AWS::SQS::Queue>',
      DockSettingsSecretArn: '<AWS::SecretsManager::Secret>',
      MqttDomainConfiguration: '<AWS::IoT::DomainConfiguration>',
      DashboardName: '<AWS::CloudWatch::Dashboard>',
      Region: '<AWS::Region>',
    });
  });

  it('reports a mistake in the configuration in one sentence, without a stack trace', () => {
    expect(run({ logRetentionInDays: 8, colour: 'red' })).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /^media-library\.logRetentionInDays must be one of [\d, ]+, and is 8\.\nmedia-library\.colour is not a key\. The keys are [\w, ]+\.\n$/,
      ),
    });
  });
});

describe('the app for a region', () => {
  it('stops when a service is missing, with the setting that helps', () => {
    expect(run({}, 'ca-west-1')).toEqual({
      status: 1,
      stderr:
        'ca-west-1 has no AWS IoT Core. Set media-library.dock.endpoint to "none" for a library without docks, or deploy to another region.\n',
    });
  });

  it('synthesises when the configuration needs no missing service', () => {
    expect(run({ dock: { endpoint: 'none' } }, 'ca-west-1')).toEqual({ status: 0, stderr: '' });
  });
});

describe('cdk-nag', () => {
  const check = (configuration: object, withFinding = false) =>
    withApp(configuration, (app, stack) => {
      Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
      if (withFinding) new Bucket(stack, 'Unacknowledged');
      app.synth();
    });

  it.each([
    {
      consoleOrigins: ['https://console.example.com'],
      lifecycle: { expireAfterInDays: 400 },
      alarmEmail: 'ops@example.com',
      auditTrail: { events: 'writes' },
      monthlyBudgetInUsd: 50,
    },
    { oidcIssuer: 'https://login.example.com', oidcAudience: ['pilot'] },
    {
      dock: {
        endpoint: 'custom-domain',
        domainName: 'mqtt.example.com',
        certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/a1',
      },
    },
    { dock: { endpoint: 'account-default' } },
    { dock: { endpoint: 'none' } },
    {
      bridge: {
        domainName: 'bridge.example.com',
        certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/a1',
        iotEndpoint: 'a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com',
        plainPort: true,
      },
    },
    {
      apiDomain: {
        domainName: 'api.example.com',
        certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/a1',
      },
    },
  ])('finds nothing with %j', (configuration) => {
    expect(() => check(configuration)).not.toThrow();
  });

  it('stops the synth at a finding that is not acknowledged', () => {
    expect(() => check({}, true)).toThrow(/AwsSolutions-S10/);
  });
});
