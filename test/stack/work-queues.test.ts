import { describe, expect, it } from 'vitest';
import { functionsOf } from '../../functions/manifest.ts';
import { synthesise } from './synthesise.ts';

const template = synthesise();
const mappings = template.ofType('AWS::Lambda::EventSourceMapping');

describe.each(functionsOf('queue'))('the queue of $name', ({ name, trigger, timeoutInSeconds = 20 }) => {
  const fn = template.function(name);
  const mapping = mappings.find(({ Properties }) => template.target(Properties.FunctionName).id === fn.id);
  const queue = template.target(mapping?.Properties.EventSourceArn);

  it('passes batches on, of which only failed messages are received again', () => {
    expect(mapping?.Properties).toMatchObject({
      BatchSize: trigger.batch.size,
      MaximumBatchingWindowInSeconds: trigger.batch.windowInSeconds,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
  });

  it('makes a message invisible for longer than a call may take, and keeps it as a dead letter after five tries', () => {
    expect(queue.Properties.VisibilityTimeout).toBeGreaterThan(timeoutInSeconds);
    const { deadLetterTargetArn, maxReceiveCount } = queue.Properties.RedrivePolicy;
    expect(maxReceiveCount).toBe(5);
    expect(template.target(deadLetterTargetArn).id).toBe(
      template.target(template.json.Outputs.UnhandledQueueUrl.Value).id,
    );
  });

  it('is encrypted, takes TLS only, and keeps messages for 14 days', () => {
    expect(queue.Properties).toMatchObject({
      MessageRetentionPeriod: 14 * 24 * 3600,
      SqsManagedSseEnabled: true,
    });
    const policies = template
      .ofType('AWS::SQS::QueuePolicy')
      .filter(({ Properties }) => Properties.Queues[0].Ref === queue.id);
    expect(policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement)).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
  });
});

it('every queue with a function has its own function', () => {
  expect(mappings).toHaveLength(functionsOf('queue').length);
});
