import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { EventPublisher } from '../core/library-events.ts';

/** EventBridge's limit for a call. */
const BATCH_SIZE = 10;

/** Publishes on the account's default bus. The source tells the events of one stack from those of another. */
export function eventBridgeEventPublisher(
  source: string,
  client = new EventBridgeClient({}),
): EventPublisher {
  return {
    async publish(events) {
      for (let first = 0; first < events.length; first += BATCH_SIZE) {
        const Entries = events.slice(first, first + BATCH_SIZE).map(({ type, detail }) => ({
          Source: source,
          DetailType: type,
          Detail: JSON.stringify(detail),
        }));
        const { FailedEntryCount = 0, Entries: results = [] } = await client.send(
          new PutEventsCommand({ Entries }),
        );
        const fault = results.find(({ ErrorCode }) => ErrorCode !== undefined);
        if (FailedEntryCount > 0) throw new Error(`EventBridge refused an event: ${fault?.ErrorCode}`);
      }
    },
  };
}
