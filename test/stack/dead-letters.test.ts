import { describe, expect, it } from 'vitest';
import { functionsOf } from '../../functions/manifest.ts';
import { type Json, list, synthesise } from './synthesise.ts';

const template = synthesise();
const CALLED_ASYNCHRONOUSLY = [...functionsOf('mqtt'), ...functionsOf('mqtt-unnamed')].map(
  ({ name }) => name,
);
const outputQueue = (output: string): string => template.target(template.json.Outputs[output].Value).id;

const queues = ['UndeliveredQueueUrl', 'UnhandledQueueUrl']
  .map(outputQueue)
  .flatMap((id) => template.ofType('AWS::SQS::Queue').filter((queue) => queue.id === id));

const policyOf = (queue: string): Json[] =>
  template
    .ofType('AWS::SQS::QueuePolicy')
    .filter(({ Properties }) => Properties.Queues.some(({ Ref }: Json) => Ref === queue))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);

describe('the dead-letter queues', () => {
  it('are two, and both have an output', () => {
    expect(queues).toHaveLength(2);
  });

  it.each(queues)('$id is encrypted and keeps messages for 14 days', ({ Properties }) => {
    expect(Properties).toEqual({ MessageRetentionPeriod: 14 * 24 * 3600, SqsManagedSseEnabled: true });
  });

  it.each(queues)('$id refuses plain HTTP', ({ id }) => {
    expect(policyOf(id)).toContainEqual({
      Effect: 'Deny',
      Action: 'sqs:*',
      Principal: { AWS: '*' },
      Resource: { 'Fn::GetAtt': [id, 'Arn'] },
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  });

  it('accept messages only from the roles that may send to them', () => {
    expect(queues.flatMap(({ id }) => policyOf(id)).filter(({ Effect }) => Effect === 'Allow')).toEqual([]);
  });
});

describe('a function with asynchronous events', () => {
  const configurations = template.ofType('AWS::Lambda::EventInvokeConfig');

  it('is one of docks', () => {
    const names = configurations.map(
      ({ Properties }) =>
        template.target(Properties.FunctionName).Properties.Description.split(':')[0] as string,
    );
    expect(names.sort()).toEqual(CALLED_ASYNCHRONOUSLY.sort());
  });

  it.each(CALLED_ASYNCHRONOUSLY)('%s is tried three times within an hour, then the event is kept', (name) => {
    const fn = template.function(name);
    const [configuration] = configurations.filter(
      ({ Properties }) => template.target(Properties.FunctionName).id === fn.id,
    );
    const queue = { 'Fn::GetAtt': [outputQueue('UnhandledQueueUrl'), 'Arn'] };
    expect(configuration?.Properties).toEqual({
      FunctionName: { Ref: fn.id },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 3600,
      DestinationConfig: { OnFailure: { Destination: queue } },
    });
    const sends = template
      .statementsOf(template.target(fn.Properties.Role))
      .filter(({ Action }) => list(Action).includes('sqs:SendMessage'));
    expect(sends.flatMap(({ Resource }) => list(Resource))).toContainEqual(queue);
  });
});
