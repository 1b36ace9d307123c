import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DigestQueue, EventPublisher, FlightWatch } from '../core/library-events.ts';

/** Delayed messages that request a check of a flight. The body is a `FlightRef` in JSON. */
export function sqsFlightWatch(QueueUrl: string, client = new SQSClient({})): FlightWatch {
  return {
    async lookAgain({ workspaceId, flightId, owner }, delayInSeconds) {
      const MessageBody = JSON.stringify({ workspaceId, flightId, owner });
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds: delayInSeconds }));
    },
  };
}

/** Versions whose bytes are to be read. The body is an `ObjectVersion` in JSON. */
export function sqsDigestQueue(QueueUrl: string, client = new SQSClient({})): DigestQueue {
  return {
    async request({ workspaceId, objectKey, versionId }) {
      const MessageBody = JSON.stringify({ workspaceId, objectKey, versionId });
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    },
  };
}

/**
 * Sends events to the bus by the queue of bucket changes: functions that devices wait for need no EventBridge
 * client, and no time for it. The body is `{"LibraryEvents": [...]}`.
 */
export function sqsEventOutbox(QueueUrl: string, client = new SQSClient({})): EventPublisher {
  return {
    async publish(events) {
      if (events.length === 0) return;
      const MessageBody = JSON.stringify({ LibraryEvents: events });
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    },
  };
}
