import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { synthesise } from './synthesise.ts';

const template = synthesise();
const alarms = template.ofType('AWS::CloudWatch::Alarm');
const OPERATIONS = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');

/** The one alarm on this metric. */
const alarmOn = (namespace: string, metric: string) => {
  const [alarm, ...others] = alarms.filter(
    ({ Properties }) => Properties.Namespace === namespace && Properties.MetricName === metric,
  );
  if (!alarm || others.length > 0) throw new Error(`Not exactly one alarm on ${metric}`);
  return alarm.Properties;
};

const withBridge = synthesise({
  bridge: {
    domainName: 'bridge.example.com',
    certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/6f1d',
    iotEndpoint: 'a1b2c3d4e5-ats.iot.eu-central-1.amazonaws.com',
  },
});
const bridgeAlarms = withBridge
  .ofType('AWS::CloudWatch::Alarm')
  .filter(({ Properties }) => Properties.Namespace === 'AWS/NetworkELB');

const withEmail = synthesise({ alarmEmail: 'ops@example.com' });

describe('the alarms', () => {
  it('watch every function for errors', () => {
    const watched = alarms
      .filter(({ Properties }) => Properties.Namespace === 'AWS/Lambda' && Properties.MetricName === 'Errors')
      .map(({ Properties }) => template.target(Properties.Dimensions[0].Value).Properties.Description);
    expect(watched.map((description) => description.split(':')[0]).sort()).toEqual(template.functionNames);
  });

  it('watch the API for responses with status 5xx', () => {
    const [alarm, ...others] = alarms.filter(({ Properties }) => Properties.Namespace === 'AWS/ApiGateway');
    expect(others).toEqual([]);
    expect(alarm?.Properties).toMatchObject({
      MetricName: '5xx',
      Dimensions: [
        { Name: 'ApiId', Value: { Ref: template.only('AWS::ApiGatewayV2::Api').id } },
        { Name: 'Stage', Value: '$default' },
      ],
    });
  });

  it('watch for bytes that differ from those of the device', () => {
    expect(alarmOn('MediaLibrary', 'IntegrityMismatch')).toMatchObject({
      Dimensions: [{ Name: 'service', Value: 'MediaLibrary' }],
      Threshold: 1,
    });
  });

  it('watch for refused devices', () => {
    expect(alarmOn('MediaLibrary', 'DeviceRefused')).toMatchObject({
      Dimensions: [{ Name: 'service', Value: 'MediaLibrary' }],
      Statistic: 'Sum',
      Threshold: 10,
    });
  });

  it('watch for docks that get no settings', () => {
    expect(alarmOn('MediaLibrary', 'DockSettingsMissing')).toMatchObject({
      Dimensions: [{ Name: 'service', Value: 'MediaLibrary' }],
      Threshold: 1,
    });
  });

  const metricOn = (name: string) =>
    alarms
      .filter(({ Properties }) => Properties.MetricName === name)
      .map(({ Properties }) => ({
        ...Properties,
        queue: template.target(Properties.Dimensions[0].Value).id,
      }));

  it('watch every dead-letter queue', () => {
    const watched = metricOn('ApproximateNumberOfMessagesVisible');
    for (const alarm of watched) expect(alarm).toMatchObject({ Statistic: 'Maximum', Threshold: 1 });
    expect(watched.map(({ queue }) => queue).sort()).toEqual(
      ['UndeliveredQueueUrl', 'UnhandledQueueUrl']
        .map((output) => template.target(template.json.Outputs[output].Value).id)
        .sort(),
    );
  });

  it("watch the age of the bucket's notifications", () => {
    const { Properties } = template.only('AWS::S3::Bucket');
    const { Queue } = Properties.NotificationConfiguration.QueueConfigurations[0];
    expect(metricOn('ApproximateAgeOfOldestMessage')).toMatchObject([
      { Statistic: 'Maximum', Threshold: 900, queue: template.target(Queue).id },
    ]);
  });

  it('are no more than these', () => {
    expect(alarms).toHaveLength(template.functionNames.length + 1 + 3 + 3);
  });

  it('do not fire without data, and name their section of the documentation', () => {
    for (const { Properties } of alarms) {
      expect(Properties.TreatMissingData).toBe('notBreaching');
      expect(Properties.ComparisonOperator).toBe('GreaterThanOrEqualToThreshold');
      expect(Properties.AlarmDescription).toMatch(/ See docs\/operations\.md#[a-z-]+$/);
    }
  });

  it('watch the bridge, if there is one: no container, or no count of containers', () => {
    expect(bridgeAlarms.map(({ Properties }) => Properties)).toMatchObject([
      {
        MetricName: 'HealthyHostCount',
        ComparisonOperator: 'LessThanThreshold',
        Threshold: 1,
        Statistic: 'Maximum',
        TreatMissingData: 'breaching',
      },
    ]);
  });

  it('name existing sections of docs/operations.md', () => {
    const anchors = [...OPERATIONS.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const { Properties } of [...alarms, ...bridgeAlarms])
      expect(anchors).toContain(Properties.AlarmDescription.split('#').at(-1));
  });

  it('are all in the table of docs/operations.md', () => {
    const told = [...OPERATIONS.matchAll(/^\| `(\w+)` \| .* \| \[.+\]\(#.+\) \|$/gm)].map(([, name]) => name);
    const others = [...alarms, ...bridgeAlarms]
      .filter(({ Properties }) => Properties.Namespace !== 'AWS/Lambda')
      .map(({ id }) => /^Alarms(\w+)[0-9A-F]{8}$/.exec(id)?.[1]);
    expect(told.sort()).toEqual(others.sort());
  });

  it('are as many as in the cost section of docs/operations.md', () => {
    const others = alarms.length - template.functionNames.length;
    expect(OPERATIONS).toContain(`| alarms, one for each function and ${others} more | $0.10 each |`);
  });

  it('notify nobody by default', () => {
    expect(alarms.every(({ Properties }) => Properties.AlarmActions === undefined)).toBe(true);
    expect(template.ofType('AWS::SNS::Topic')).toEqual([]);
  });

  it('are sent to the configured address', () => {
    const topic = withEmail.only('AWS::SNS::Topic').id;
    expect(withEmail.only('AWS::SNS::Subscription').Properties).toEqual({
      Protocol: 'email',
      Endpoint: 'ops@example.com',
      TopicArn: { Ref: topic },
    });
    for (const { Properties } of withEmail.ofType('AWS::CloudWatch::Alarm'))
      expect(Properties.AlarmActions).toEqual([{ Ref: topic }]);
  });

  it('may publish to the topic, over TLS only', () => {
    const { Statement } = withEmail.only('AWS::SNS::TopicPolicy').Properties.PolicyDocument;
    expect(Statement).toMatchObject([
      { Effect: 'Deny', Action: 'sns:Publish', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      {
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
  });
});
