import { describe, expect, it } from 'vitest';
import { functionsOf } from '../../functions/manifest.ts';
import { topicRulesOf } from '../../lib/topic-rule-sql.ts';
import { parseRuleSql } from '../../packages/local-aws/iot/rule-sql.ts';
import { type Json, synthesise } from './synthesise.ts';

const template = synthesise();
const rules = template.ofType('AWS::IoT::TopicRule');
const payloadOf = (sql: string): Json =>
  rules.find(({ Properties }) => Properties.TopicRulePayload.Sql === sql)?.Properties.TopicRulePayload;
const functions = [...functionsOf('mqtt'), ...functionsOf('mqtt-unnamed')].map(({ name, trigger }) => ({
  name,
  ownSql: topicRulesOf(trigger),
}));
const rows = functions.flatMap(({ name, ownSql }) => ownSql.map((sql) => [sql, name] as const));

describe('the topic rules', () => {
  it('distinguish methods, and messages without one', () => {
    expect(rows.map(([sql, name]) => `${name}: ${sql.slice(sql.indexOf('FROM'))}`)).toEqual([
      "storage-config-get: FROM 'thing/product/+/requests' WHERE method = 'storage_config_get'",
      "file-upload-callback: FROM 'thing/product/+/events' WHERE method = 'file_upload_callback'",
      "highest-priority-upload-flighttask-media: FROM 'thing/product/+/events' WHERE method = 'highest_priority_upload_flighttask_media'",
      "highest-priority-upload-flighttask-media: FROM 'thing/product/+/events' WHERE isUndefined(method)",
      "upload-flighttask-media-prioritize: FROM 'thing/product/+/services_reply' WHERE method = 'upload_flighttask_media_prioritize'",
      "config: FROM 'thing/product/+/requests' WHERE method = 'config'",
      "airport-bind-status: FROM 'thing/product/+/requests' WHERE method = 'airport_bind_status'",
      "airport-organization-get: FROM 'thing/product/+/requests' WHERE method = 'airport_organization_get'",
      "airport-organization-bind: FROM 'thing/product/+/requests' WHERE method = 'airport_organization_bind'",
      "update-topo: FROM 'sys/product/+/status' WHERE method = 'update_topo'",
      "flight-areas-get: FROM 'thing/product/+/requests' WHERE method = 'flight_areas_get'",
      "offline-map-get: FROM 'thing/product/+/requests' WHERE method = 'offline_map_get'",
      "other-events: FROM 'thing/product/+/events' WHERE method <> 'file_upload_callback' AND " +
        "method <> 'highest_priority_upload_flighttask_media' AND need_reply <> 0",
      "unnamed-message: FROM 'thing/product/+/requests' WHERE isUndefined(method)",
      "unnamed-message: FROM 'thing/product/+/services_reply' WHERE isUndefined(method)",
      "unnamed-message: FROM 'sys/product/+/status' WHERE isUndefined(method)",
    ]);
  });

  it('are those of the manifest', () => {
    expect(rules.map(({ Properties }) => Properties.TopicRulePayload.Sql).sort()).toEqual(
      rows.map(([sql]) => sql).sort(),
    );
  });

  it('match the serial number by one level of the topic', () => {
    for (const [sql] of rows) expect(sql).toMatch(/ FROM '(?:thing|sys)\/product\/\+\/[a-z_]+' WHERE /);
  });

  it.each([
    [{ method: 'flighttask_progress', need_reply: 1 }, ['other-events']],
    [{ method: 'flighttask_progress', need_reply: true }, ['other-events']],
    [{ method: 'flighttask_progress', need_reply: '1' }, ['other-events']],
    [{ method: 'flighttask_progress', need_reply: 0 }, []],
    [{ method: 'flighttask_progress' }, []],
    [{ method: 'file_upload_callback', need_reply: 1 }, ['file-upload-callback']],
    [{ need_reply: 1 }, ['highest-priority-upload-flighttask-media']],
  ])('lead the event %j to %j', (sent, names) => {
    const payload = Buffer.from(JSON.stringify(sent));
    const event = { topic: 'thing/product/SN/events', payload, clientId: 'SN', receivedAt: new Date() };
    const taking = rows.filter(([sql]) => {
      const { concerns, evaluate } = parseRuleSql(sql);
      return concerns(event.topic) && evaluate(event, { readable: true, value: sent }).kind === 'selected';
    });
    expect(taking.map(([, name]) => name)).toEqual(names);
  });

  it.each(rows)('%s can be run by the local stack', (sql) => {
    expect(() => parseRuleSql(sql)).not.toThrow();
  });

  it.each(rows)('%s leads to %s', (sql, name) => {
    const { Actions, AwsIotSqlVersion, RuleDisabled } = payloadOf(sql);
    const fn = template.function(name);
    expect(AwsIotSqlVersion).toBe('2016-03-23');
    expect(RuleDisabled).toBe(false);
    expect(Actions).toEqual([{ Lambda: { FunctionArn: { 'Fn::GetAtt': [fn.id, 'Arn'] } } }]);
  });

  it.each(functions)('nothing else invokes $name', ({ name, ownSql }) => {
    const own = rules.filter(({ Properties }) => ownSql.includes(Properties.TopicRulePayload.Sql));
    expect(template.invokersOf(name)).toEqual(
      own.map(({ id }) => ({
        Action: 'lambda:InvokeFunction',
        FunctionName: { 'Fn::GetAtt': [template.function(name).id, 'Arn'] },
        Principal: 'iot.amazonaws.com',
        SourceArn: { 'Fn::GetAtt': [id, 'Arn'] },
      })),
    );
  });
});

describe('messages that a topic rule cannot deliver', () => {
  const actions = rules.map(({ Properties }) => Properties.TopicRulePayload.ErrorAction);
  const queue = template.target(actions[0].Sqs.QueueUrl);
  const role = template.target(actions[0].Sqs.RoleArn);

  it('are sent to one queue, as text', () => {
    expect(queue.Type).toBe('AWS::SQS::Queue');
    for (const action of actions)
      expect(action).toEqual({
        Sqs: {
          QueueUrl: { Ref: queue.id },
          RoleArn: { 'Fn::GetAtt': [role.id, 'Arn'] },
          UseBase64: false,
        },
      });
  });

  it('are sent with a role that can do nothing else', () => {
    expect(template.statementsOf(role)).toEqual([
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': [queue.id, 'Arn'] } },
    ]);
    expect(role.Properties.ManagedPolicyArns).toBeUndefined();
  });

  it('are sent by AWS IoT for this account only', () => {
    expect(role.Properties.AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'iot.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
  });
});
