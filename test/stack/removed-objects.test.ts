import { describe, expect, it } from 'vitest';
import { synthesise } from './synthesise.ts';

const template = synthesise();
const rule = template.only('AWS::Events::Rule');
const fn = template.function('object-removed');

describe('objects that are removed from the bucket', () => {
  it('are told to the function, and no other bucket\u2019s are', () => {
    expect(rule.Properties.State).toBe('ENABLED');
    expect(rule.Properties.EventPattern).toEqual({
      source: ['aws.s3'],
      'detail-type': ['Object Deleted'],
      detail: { bucket: { name: [{ Ref: template.only('AWS::S3::Bucket').id }] } },
    });
    expect(rule.Properties.Targets).toEqual([
      {
        Id: 'Target0',
        Arn: { 'Fn::GetAtt': [fn.id, 'Arn'] },
        DeadLetterConfig: {
          Arn: {
            'Fn::GetAtt': [template.target(template.json.Outputs.UndeliveredQueueUrl.Value).id, 'Arn'],
          },
        },
      },
    ]);
  });

  it('are told by this rule alone', () => {
    expect(template.invokersOf('object-removed')).toEqual([
      {
        Action: 'lambda:InvokeFunction',
        FunctionName: { 'Fn::GetAtt': [fn.id, 'Arn'] },
        Principal: 'events.amazonaws.com',
        SourceArn: { 'Fn::GetAtt': [rule.id, 'Arn'] },
      },
    ]);
  });
});
