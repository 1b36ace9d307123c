import { describe, expect, it } from 'vitest';
import { DOCK_FUNCTIONS } from '../../functions/dock-methods.ts';
import { type Json, synthesise } from './synthesise.ts';

const template = synthesise();
const rules = template.ofType('AWS::IoT::TopicRule');
const payloadOf = (sql: string): Json =>
  rules.find(({ Properties }) => Properties.TopicRulePayload.Sql === sql)?.Properties.TopicRulePayload;
const rows = DOCK_FUNCTIONS.flatMap((row) => row.rules.map((sql) => [sql, row.name] as const));

describe('the topic rules', () => {
  it('are those of functions/dock-methods.ts', () => {
    expect(rules.map(({ Properties }) => Properties.TopicRulePayload.Sql).sort()).toEqual(
      rows.map(([sql]) => sql).sort(),
    );
  });

  it('name the devices whose messages they take by one level of the topic', () => {
    for (const [sql] of rows) expect(sql).toMatch(/ FROM '(?:thing|sys)\/product\/\+\/[a-z_]+' WHERE /);
  });

  it.each(rows)('%s leads to %s', (sql, name) => {
    const { Actions, AwsIotSqlVersion, RuleDisabled } = payloadOf(sql);
    const fn = template.function(name);
    expect(AwsIotSqlVersion).toBe('2016-03-23');
    expect(RuleDisabled).toBe(false);
    expect(Actions).toEqual([{ Lambda: { FunctionArn: { 'Fn::GetAtt': [fn.id, 'Arn'] } } }]);
  });

  it.each(DOCK_FUNCTIONS)('nothing else invokes $name', ({ name, rules: ownSql }) => {
    const own = rules.filter(({ Properties }) => ownSql.includes(Properties.TopicRulePayload.Sql as never));
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

describe('what a topic rule could not deliver', () => {
  const actions = rules.map(({ Properties }) => Properties.TopicRulePayload.ErrorAction);
  const queue = template.target(actions[0].Sqs.QueueUrl);
  const role = template.target(actions[0].Sqs.RoleArn);

  it('goes to one queue, as text', () => {
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

  it('is sent there by a role that can do nothing else', () => {
    expect(template.statementsOf(role)).toEqual([
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': [queue.id, 'Arn'] } },
    ]);
    expect(role.Properties.ManagedPolicyArns).toBeUndefined();
  });

  it('is sent by AWS IoT on behalf of this account', () => {
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
