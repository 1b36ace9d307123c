import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { AwsError, notImplemented } from '../http/aws-error.ts';
import type { JsonCall } from '../json/json-service.ts';
import { type Operation, operation } from '../json/operations.ts';
import type { BusEvent } from './definitions.ts';

/** What the operations use. */
export interface EventBridgeContext {
  readonly region: string;
  readonly accountId: string;
  /** The ARN of a bus, without its name. */
  readonly busArnPrefix: string;
  readonly bus: { put(event: BusEvent): Promise<void> };
  readonly clock: () => Date;
  readonly log: (line: string) => void;
  /** Resolves to what throws unless the caller may do it. */
  authenticate(
    call: JsonCall,
  ): Promise<(resource: string, context: Readonly<Record<string, string | undefined>>) => void>;
}

const DEFAULT_BUS = 'default';
const MAX_ENTRIES = 10;
const MAX_ENTRIES_SIZE_IN_BYTES = 1024 * 1024;
/** EventBridge counts this for a time in any form. */
const TIME_SIZE_IN_BYTES = 14;
const MAX_DETAIL_TYPE_CHARACTERS = 128;

const PutEventsInput = v.strictObject({
  Entries: v.pipe(
    v.array(
      v.strictObject({
        Time: v.optional(v.number()),
        Source: v.optional(v.string()),
        Resources: v.optional(v.array(v.string())),
        DetailType: v.optional(v.string()),
        Detail: v.optional(v.string()),
        EventBusName: v.optional(v.string()),
      }),
    ),
    v.minLength(1),
    v.maxLength(MAX_ENTRIES),
  ),
});

type Entry = v.InferOutput<typeof PutEventsInput>['Entries'][number];

/** The result of an entry. A refused entry does not stop the others. */
type ResultEntry =
  | { readonly EventId: string }
  | { readonly ErrorCode: string; readonly ErrorMessage: string };

/** The operations of EventBridge, by name. */
export function eventBridgeOperations(context: EventBridgeContext): Readonly<Record<string, Operation>> {
  return {
    PutEvents: operation(PutEventsInput, 'ValidationException', async ({ Entries }, call) => {
      const assertAllowed = await context.authenticate(call);
      for (const entry of Entries) {
        const bus = busArn(entry.EventBusName, context);
        assertAllowed(bus, { 'events:source': entry.Source, 'events:detail-type': entry.DetailType });
        if (bus !== busArn(undefined, context)) {
          throw notImplemented(`the event bus ${entry.EventBusName}: only the default bus is supported`);
        }
      }
      const bytes = Entries.reduce((sum, entry) => sum + entrySizeInBytes(entry), 0);
      if (bytes > MAX_ENTRIES_SIZE_IN_BYTES) {
        throw new AwsError(
          'ValidationException',
          'Total size of the entries in the request is over the limit.',
        );
      }
      const results = await Promise.all(Entries.map((entry) => put(entry, context)));
      const failed = results.filter((result) => 'ErrorCode' in result);
      return { FailedEntryCount: failed.length, Entries: results };
    }),
  };
}

async function put(
  entry: Entry,
  { region, accountId, bus, clock, log }: EventBridgeContext,
): Promise<ResultEntry> {
  const { Source, DetailType, Detail, Resources = [], Time } = entry;
  if (!Source) return required('Source');
  if (!DetailType) return required('DetailType');
  if (!Detail) return required('Detail');
  if (DetailType.length > MAX_DETAIL_TYPE_CHARACTERS) {
    return refused(
      'InvalidArgument',
      'Parameter DetailType is not valid. Reason: it is over 128 characters.',
    );
  }
  // Only AWS may send events with these sources.
  if (Source.startsWith('aws.')) {
    return refused('NotAuthorizedForSourceException', 'Not authorized for the source.');
  }
  const detail = parseDetail(Detail);
  if (!detail) return refused('MalformedDetail', 'Detail is malformed.');
  const id = randomUUID();
  const time = Time === undefined ? clock() : new Date(Time * 1000);
  if (Number.isNaN(time.getTime())) {
    return refused('InvalidArgument', 'Parameter Time is not valid. Reason: it is no time.');
  }
  try {
    await bus.put({
      version: '0',
      id,
      'detail-type': DetailType,
      source: Source,
      account: accountId,
      time: `${time.toISOString().slice(0, 19)}Z`,
      region,
      resources: Resources,
      detail,
    });
  } catch (error) {
    log(`An event of ${Source} is refused: ${String(error)}`);
    return refused('InternalFailure', 'The event could not be delivered to the bus.');
  }
  return { EventId: id };
}

/** The ARN of a bus from the request: no name, a name or an ARN. */
function busArn(name: string | undefined, { busArnPrefix }: EventBridgeContext): string {
  return name?.startsWith('arn:') ? name : `${busArnPrefix}${name ?? DEFAULT_BUS}`;
}

function entrySizeInBytes({
  Time,
  Source = '',
  DetailType = '',
  Detail = '',
  Resources = [],
}: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  const textSizeInBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return textSizeInBytes + (Time === undefined ? 0 : TIME_SIZE_IN_BYTES);
}

function parseDetail(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const detail: unknown = JSON.parse(text);
    const isObject = typeof detail === 'object' && detail !== null && !Array.isArray(detail);
    return isObject ? (detail as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function required(name: string): ResultEntry {
  return refused(
    'InvalidArgument',
    `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
  );
}

function refused(ErrorCode: string, ErrorMessage: string): ResultEntry {
  return { ErrorCode, ErrorMessage };
}
