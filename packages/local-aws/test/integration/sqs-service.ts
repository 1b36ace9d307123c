import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandOutput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Identities, type Identity } from '../../iam/identities.ts';
import type { PolicyStatement } from '../../iam/policy.ts';
import type { QueueDefinition } from '../../sqs/queue.ts';
import { createSqs, type LocalSqs, type SqsOptions } from '../../sqs/sqs.ts';

/** Region and account of the local SQS in tests. */
export const location = { partition: 'aws', region: 'eu-central-1', accountId: '123456789012' } as const;
/** The administrator. */
export const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };

/** A queue with SQS's defaults. */
export const queueNamed = (name: string, overrides: Partial<QueueDefinition> = {}): QueueDefinition => ({
  name,
  arn: `arn:aws:sqs:eu-central-1:123456789012:${name}`,
  retentionInSeconds: 345_600,
  visibilityTimeoutInSeconds: 30,
  ...overrides,
});

/** A local SQS on a free port, with its messages in a temporary folder. */
export class LocalSqsForTests {
  readonly identities = new Identities({ root });
  readonly directory = mkdtempSync(join(tmpdir(), 'local-sqs-'));
  readonly lines: string[] = [];
  /** Milliseconds that the service's clock is ahead. */
  ahead = 0;
  readonly #options: Partial<SqsOptions>;
  readonly #clients: SQSClient[] = [];
  #sqs: LocalSqs | undefined;

  private constructor(options: Partial<SqsOptions>) {
    this.#options = options;
  }

  static async start(options: Partial<SqsOptions> & Pick<SqsOptions, 'queues'>): Promise<LocalSqsForTests> {
    const service = new LocalSqsForTests(options);
    await service.#listen();
    return service;
  }

  get sqs(): LocalSqs {
    if (!this.#sqs) throw new Error('The local SQS does not run');
    return this.#sqs;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.sqs.server.address() as AddressInfo).port}`;
  }

  url(name: string): string {
    return `${this.endpoint}/${location.accountId}/${name}`;
  }

  /** A client of the SDK, for the administrator by default. */
  client(credentials: Pick<Identity, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'> = root): SQSClient {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const client = new SQSClient({
      endpoint: this.endpoint,
      region: location.region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
      maxAttempts: 1,
    });
    this.#clients.push(client);
    return client;
  }

  /** Receives up to ten messages as the administrator. */
  async receive(name: string, more: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> {
    const { Messages = [] } = await this.client().send(
      new ReceiveMessageCommand({ QueueUrl: this.url(name), MaxNumberOfMessages: 10, ...more }),
    );
    return Messages;
  }

  /** The bodies of up to ten messages. */
  async bodies(...input: Parameters<LocalSqsForTests['receive']>): Promise<(string | undefined)[]> {
    return (await this.receive(...input)).map(({ Body }) => Body);
  }

  /** Sends a message as the administrator. */
  send(
    name: string,
    MessageBody: string,
    more: { readonly DelaySeconds?: number } = {},
  ): Promise<SendMessageCommandOutput> {
    return this.client().send(new SendMessageCommand({ QueueUrl: this.url(name), MessageBody, ...more }));
  }

  /** A session of a new role that has these permissions. */
  session(statements: readonly PolicyStatement[]): Identity {
    const name = `role-${Math.random().toString(36).slice(2)}`;
    return this.identities.mintForRole(this.role(name, statements), {
      sessionName: 'test',
      durationInSeconds: 900,
    });
  }

  /** Makes a role, or gives it other permissions, and returns its ARN. */
  role(name: string, statements: readonly PolicyStatement[], service = 'lambda.amazonaws.com'): string {
    const arn = `arn:aws:iam::${location.accountId}:role/${name}`;
    this.identities.addRole({
      arn,
      name,
      trustPolicy: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      },
      policies: [{ Version: '2012-10-17', Statement: statements }],
      maxSessionDurationInSeconds: 3600,
    });
    return arn;
  }

  async restart(options: Partial<SqsOptions> = {}): Promise<void> {
    await this.#sqs?.close();
    await this.#listen(options);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#sqs?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #listen(options: Partial<SqsOptions> = {}): Promise<void> {
    const sqs = await createSqs({
      ...location,
      identities: this.identities,
      dataDirectory: this.directory,
      queues: [],
      clock: () => new Date(Date.now() + this.ahead),
      log: ({ line }) => this.lines.push(line),
      ...this.#options,
      ...options,
    });
    await new Promise<void>((resolve) => sqs.server.listen(0, '127.0.0.1', resolve));
    this.#sqs = sqs;
  }
}

/** The name and message of the error of a call. */
export async function refusal(call: Promise<unknown>): Promise<{ name: string; message: string }> {
  try {
    await call;
  } catch (error) {
    const { name, message } = error as Error;
    return { name, message };
  }
  throw new Error('The call succeeded');
}
