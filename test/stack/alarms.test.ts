import { describe, expect, it } from 'vitest';
import { HTTP_FUNCTIONS } from '../../functions/routes.ts';
import { synthesise } from './synthesise.ts';

const template = synthesise();
const alarms = template.ofType('AWS::CloudWatch::Alarm');
const withEmail = synthesise({ alarmEmail: 'ops@example.com' });

describe('the alarms', () => {
  it('watch every function for errors', () => {
    const watched = alarms
      .filter(({ Properties }) => Properties.Namespace === 'AWS/Lambda' && Properties.MetricName === 'Errors')
      .map(({ Properties }) => template.target(Properties.Dimensions[0].Value).Properties.Description);
    expect(watched.map((description) => description.split(':')[0]).sort()).toEqual(
      HTTP_FUNCTIONS.map(({ name }) => name).sort(),
    );
  });

  it('watch the API for answers of status 5xx', () => {
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

  it('watch for files that are not what their device announced', () => {
    const [alarm, ...others] = alarms.filter(({ Properties }) => Properties.Namespace === 'MediaLibrary');
    expect(others).toEqual([]);
    expect(alarm?.Properties).toMatchObject({
      MetricName: 'IntegrityMismatch',
      Dimensions: [{ Name: 'service', Value: 'media-library' }],
      Threshold: 1,
    });
  });

  it('stay quiet when nothing happens, and say what to read when something does', () => {
    for (const { Properties } of alarms) {
      expect(Properties.TreatMissingData).toBe('notBreaching');
      expect(Properties.AlarmDescription).toMatch(/ See docs\/operations\.md#[a-z-]+$/);
    }
  });

  it('notify nobody by default', () => {
    expect(alarms.every(({ Properties }) => Properties.AlarmActions === undefined)).toBe(true);
    expect(template.ofType('AWS::SNS::Topic')).toEqual([]);
  });

  it('are mailed to the configured address', () => {
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
