/** The library's queues, as an operator sees them. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Endpoints } from '../../local/endpoints.ts';
import { administrator } from '../stack-process.ts';

const LOOK_EVERY_IN_MILLISECONDS = 200;
/** A message that is being sent on is in no queue for a moment. */
const LOOKS_IN_A_ROW = 3;

/** Where functions' messages end that they failed at too often. */
const UNHANDLED = 'Unhandled';
const DEAD_LETTERS = [UNHANDLED, 'Undelivered'];

const isDeadLetters = (url: string): boolean => DEAD_LETTERS.some((name) => url.includes(name));

/** Queues by what their messages are about. */
const QUEUE_OF: readonly (readonly [field: string, queue: string])[] = [
  ['versionId', 'Digests'],
  ['flightId', 'FlightChecks'],
];

/** The queues of one stack. */
export class WorkQueues {
  readonly #client: SQSClient;
  #urls: readonly string[] = [];

  private constructor(client: SQSClient) {
    this.#client = client;
  }

  static async open(endpoints: Endpoints): Promise<WorkQueues> {
    const queues = new WorkQueues(new SQSClient(administrator({ endpoints }, 'sqs')));
    const { QueueUrls = [] } = await queues.#client.send(new ListQueuesCommand({}));
    queues.#urls = QueueUrls;
    return queues;
  }

  /** Resolves to how many messages are left in the queues when they are empty, or when the time is over. */
  async settle(patienceInMilliseconds: number): Promise<number> {
    const giveUpAt = Date.now() + patienceInMilliseconds;
    const urls = this.#urls.filter((url) => !isDeadLetters(url));
    let left = 0;
    for (let emptyLooks = 0; emptyLooks < LOOKS_IN_A_ROW && Date.now() < giveUpAt; ) {
      left = 0;
      for (const url of urls) left += await this.#count(url);
      emptyLooks = left === 0 ? emptyLooks + 1 : 0;
      await sleep(LOOK_EVERY_IN_MILLISECONDS);
    }
    return left;
  }

  /** Sends messages back that functions failed at too often, as docs/operations.md advises. Resolves to how many. */
  async returnDeadLetters(): Promise<number> {
    const from = this.#urlOf(UNHANDLED);
    let returned = 0;
    for (;;) {
      const { Messages: [message] = [] } = await this.#client.send(
        new ReceiveMessageCommand({ QueueUrl: from, VisibilityTimeout: 3600 }),
      );
      if (message === undefined) return returned;
      const { Body = '', ReceiptHandle } = message;
      const content = JSON.parse(Body) as object;
      // An event of a dock, which has sent it again by itself.
      if ('requestContext' in content) continue;
      const [, queue] = QUEUE_OF.find(([field]) => field in content) ?? ['', 'Changes'];
      await this.#client.send(new SendMessageCommand({ QueueUrl: this.#urlOf(queue), MessageBody: Body }));
      await this.#client.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle }));
      returned += 1;
    }
  }

  close(): void {
    this.#client.destroy();
  }

  async #count(QueueUrl: string): Promise<number> {
    const { Attributes = {} } = await this.#client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    const { ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: hidden } =
      Attributes;
    return Number(visible) + Number(hidden);
  }

  #urlOf(name: string): string {
    const url = this.#urls.find((candidate) =>
      candidate.slice(candidate.lastIndexOf('/') + 1).includes(name),
    );
    if (url === undefined) throw new Error(`There is no queue ${name}`);
    return url;
  }
}
