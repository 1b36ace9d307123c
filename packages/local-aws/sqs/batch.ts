import { AwsError } from '../http/aws-error.ts';
import { sqsError } from './message-body.ts';

const MAX_ENTRIES = 10;

/** The result of an entry: its part of the response, or the error. */
export type EntryOutcome = object | AwsError;

/** The response of a batch operation. As in SQS, an empty list is left out. */
export interface BatchAnswer {
  readonly Successful?: readonly object[];
  readonly Failed?: readonly object[];
}

/** Runs a batch. Entries succeed or fail independently; the batch itself must be valid. */
export async function batch<Entry extends { readonly Id: string }>(
  entries: readonly Entry[],
  run: (entries: readonly Entry[]) => Promise<readonly EntryOutcome[]>,
): Promise<BatchAnswer> {
  if (entries.length === 0) {
    throw sqsError('EmptyBatchRequest', 'There should be at least one batch entry in the request.');
  }
  if (entries.length > MAX_ENTRIES) {
    throw sqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  const ids = entries.map(({ Id: id }) => id);
  if (!ids.every((id) => /^[\w-]{1,80}$/.test(id))) {
    throw sqsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  }
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeated !== undefined) throw sqsError('BatchEntryIdsNotDistinct', `Id ${repeated} repeated.`);

  const outcomes = await run(entries);
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const Id = ids[index];
    if (outcome instanceof AwsError) {
      const Code = outcome.code.slice(outcome.code.indexOf('#') + 1);
      Failed.push({ Id, Code, Message: outcome.message, SenderFault: true });
    } else {
      Successful.push({ Id, ...outcome });
    }
  }
  return { ...(Successful.length > 0 && { Successful }), ...(Failed.length > 0 && { Failed }) };
}
