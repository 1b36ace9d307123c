import type { LocalSqs } from '../sqs/sqs.ts';
import type { BucketDefinition, QueueConfiguration, S3Event } from './definitions.ts';
import { bucketArn, type NotificationSource, notificationRecord, testEvent } from './notification-record.ts';

/** A notification for a queue. */
export interface QueuedNotification {
  readonly queueArn: string;
  readonly event: S3Event;
}

/**
 * How often and how late a notification reaches its queue: S3 may repeat and delay it, but delivers it at
 * least once.
 */
export type NotificationDeliveries = (
  notification: QueuedNotification,
) => readonly { readonly delayInSeconds: number }[];

/** How to send notifications. */
export interface NotificationsOptions extends NotificationSource {
  readonly buckets: readonly BucketDefinition[];
  readonly sqs: Pick<LocalSqs, 'allowsService' | 'deliver'>;
  /** Gets the events of buckets that use EventBridge. */
  readonly toEventBridge: (event: S3Event) => Promise<void>;
  /** For tests. @default once, at once */
  readonly deliveries?: NotificationDeliveries | undefined;
}

const ONCE = [{ delayInSeconds: 0 }];

/** Sends the events of buckets to EventBridge and queues. */
export class BucketNotifications {
  readonly #options: NotificationsOptions;
  readonly #buckets: ReadonlyMap<string, BucketDefinition>;

  /** Throws for a queue that S3 may not send to. */
  constructor(options: NotificationsOptions) {
    this.#options = options;
    this.#buckets = new Map(options.buckets.map((definition) => [definition.name, definition]));
    for (const { name, notifications } of options.buckets) {
      for (const { queueArn } of notifications?.queues ?? []) {
        const sender = { service: 's3.amazonaws.com', sourceArn: bucketArn(name, options) };
        if (options.sqs.allowsService(queueArn, sender)) continue;
        throw new Error(
          `Unable to validate the following destination configurations: the policy of ${queueArn} does not allow s3.amazonaws.com to send messages for ${sender.sourceArn}`,
        );
      }
    }
  }

  /** Resolves when the event was sent everywhere, and queues have it on disk. */
  async tell(event: S3Event): Promise<void> {
    const notifications = this.#buckets.get(event.bucket)?.notifications;
    const queues = notifications?.queues.filter((configuration) => concerns(configuration, event)) ?? [];
    await Promise.all([
      notifications?.eventBridge ? this.#options.toEventBridge(event) : undefined,
      ...queues.map((configuration) => this.#send(configuration, event)),
    ]);
  }

  /** Sends S3's test event to the queues of a bucket. */
  async test(bucketName: string): Promise<void> {
    const queues = this.#buckets.get(bucketName)?.notifications?.queues ?? [];
    const arns = new Set(queues.map(({ queueArn }) => queueArn));
    const body = JSON.stringify(testEvent(bucketName, new Date()));
    await Promise.all([...arns].map((queueArn) => this.#options.sqs.deliver(queueArn, body)));
  }

  async #send(configuration: QueueConfiguration, event: S3Event): Promise<void> {
    const { queueArn } = configuration;
    const deliveries = this.#options.deliveries?.({ queueArn, event }) ?? ONCE;
    if (deliveries.length === 0) throw new Error('S3 delivers every notification at least once');
    const body = JSON.stringify({ Records: [notificationRecord(event, configuration, this.#options)] });
    await Promise.all(
      deliveries.map(({ delayInSeconds }) =>
        // A notification that is late ignores the delay of the queue.
        this.#options.sqs.deliver(queueArn, body, delayInSeconds > 0 ? { delayInSeconds } : {}),
      ),
    );
  }
}

function concerns({ events, prefix, suffix }: QueueConfiguration, { name, key }: S3Event): boolean {
  return events.includes(name) && key.startsWith(prefix) && key.endsWith(suffix);
}
