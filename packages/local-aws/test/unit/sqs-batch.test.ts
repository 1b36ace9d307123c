import { describe, expect, it } from 'vitest';
import { batchFailures } from '../../lambda/sqs-batch.ts';

const ids = new Set(['one', 'two']);

describe('the response of a function that reports failures', () => {
  it.each([
    ['null', []],
    ['{}', []],
    ['{"batchItemFailures":null}', []],
    ['{"batchItemFailures":[]}', []],
    ['{"batchItemFailures":[{"itemIdentifier":"two"}]}', ['two']],
    ['{"batchItemFailures":[{"itemIdentifier":"two"},{"itemIdentifier":"one"}]}', ['two', 'one']],
  ])('%s names messages', (payload, failed) => {
    expect(batchFailures(payload, ids)).toEqual({ kind: 'some', messageIds: new Set(failed) });
  });

  it.each([
    '',
    'not json',
    '"text"',
    '[]',
    '{"batchItemFailures":"two"}',
    '{"batchItemFailures":[null]}',
    '{"batchItemFailures":[{}]}',
    '{"batchItemFailures":[{"itemIdentifier":""}]}',
    '{"batchItemFailures":[{"itemIdentifier":null}]}',
    '{"batchItemFailures":[{"messageId":"two"}]}',
    '{"batchItemFailures":[{"itemIdentifier":"three"}]}',
  ])('%j fails the whole batch', (payload) => {
    expect(batchFailures(payload, ids)).toEqual({ kind: 'all', reason: expect.any(String) });
  });
});
