import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { Identities, type Identity } from '../../iam/identities.ts';
import type { PolicyDocument, PolicyStatement } from '../../iam/policy.ts';
import { createS3, type S3Event, type S3Options } from '../../s3/s3.ts';

/** Region of the local S3 in tests. */
export const region = 'eu-central-1';
/** A bucket that keeps versions. */
export const versionedBucket = 'media';
/** A bucket that does not. */
export const plainBucket = 'plain';
/** The administrator. */
export const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };

const notifications = { eventBridge: true, queues: [] };

type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/** A local S3 on a free port. Its data is deleted when it is closed. */
export class LocalS3ForTests {
  readonly identities = new Identities({ root });
  readonly events: S3Event[] = [];
  readonly logged: string[] = [];
  readonly directory = mkdtempSync(join(tmpdir(), 'local-s3-'));
  readonly #options: Partial<S3Options>;
  readonly #clients: S3Client[] = [];
  #service: ReturnType<typeof createS3> | undefined;

  private constructor(options: Partial<S3Options>) {
    this.#options = options;
  }

  static async start(options: Partial<S3Options> = {}): Promise<LocalS3ForTests> {
    const s3 = new LocalS3ForTests(options);
    await s3.#listen();
    return s3;
  }

  get port(): number {
    const address = this.#service?.server.address() as AddressInfo | undefined;
    if (!address) throw new Error('The local S3 does not listen');
    return address.port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A client of the SDK, for the administrator by default. */
  client(credentials: Credentials = root, options: S3ClientConfig = {}): S3Client {
    const client = new S3Client({
      endpoint: this.endpoint,
      region,
      credentials,
      forcePathStyle: true,
      maxAttempts: 1,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** A session of a new role that has these permissions. */
  session(statements: PolicyStatement[], sessionPolicy?: PolicyDocument): Identity {
    const name = `role-${Math.random().toString(36).slice(2)}`;
    const arn = `arn:aws:iam::123456789012:role/${name}`;
    this.identities.addRole({
      arn,
      name,
      trustPolicy: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      },
      policies: [{ Version: '2012-10-17', Statement: statements }],
      maxSessionDurationInSeconds: 3600,
    });
    return this.identities.mintForRole(arn, {
      sessionName: 'test',
      durationInSeconds: 900,
      ...(sessionPolicy ? { sessionPolicies: [sessionPolicy] } : {}),
    });
  }

  /** Restarts the server with the same data, on another port. */
  async restart(): Promise<void> {
    await this.#service?.close();
    await this.#listen();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#service?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #listen(): Promise<void> {
    this.#service = createS3({
      identities: this.identities,
      region,
      dataDirectory: this.directory,
      buckets: [
        { name: versionedBucket, versioned: true, notifications },
        { name: plainBucket, versioned: false, notifications },
      ],
      onEvent: (event) => {
        this.events.push(event);
      },
      log: (line) => this.logged.push(line),
      ...this.#options,
    });
    const { server } = this.#service;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
}

/** The name and HTTP status of the error of a call. */
export async function errorOf(call: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  try {
    await call;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode };
  }
  throw new Error('The call succeeded');
}
