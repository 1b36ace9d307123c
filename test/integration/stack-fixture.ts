import { createHash, randomBytes } from 'node:crypto';
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminDisableUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  type CognitoIdentityProviderClientConfig,
} from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { expect } from 'vitest';
import type { Envelope } from '../../functions/protocol/envelope.ts';
import type { DemoUser, Endpoints } from '../../local/endpoints.ts';
import { type LocalStackOptions, startLocalStack } from '../../local/stack.ts';
import type { BusEvent, LogEntry } from '../../packages/local-aws/index.ts';
import { expectEventContract, expectHttpContract } from './expect-contract.ts';

/** The properties of an HTTP request that a test can set. */
export interface HttpRequest {
  readonly method?: string;
  readonly token?: string | undefined;
  /** Sent as JSON, unless it is text or bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A response. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, when it is an envelope. */
  readonly envelope: Envelope & { readonly data: Record<string, never> };
}

/** `data` of `login` and `token/refresh`. */
export interface SessionData {
  readonly username: string;
  readonly user_id: string;
  readonly workspace_id: string;
  readonly access_token: string;
  readonly refresh_token: string;
}

/** `data` of `sts`. */
export interface StsData {
  readonly bucket: string;
  readonly endpoint: string;
  readonly object_key_prefix: string;
  readonly provider: string;
  readonly region: string;
  readonly credentials: {
    readonly access_key_id: string;
    readonly access_key_secret: string;
    readonly security_token: string;
    readonly expire: number;
  };
}

/** Items of the table that do not depend on a report. The bucket's notifications make them at any time. */
export const isToldByBucketOnly = (item: Record<string, unknown> | undefined): boolean =>
  (item?.['entity'] === 'file' && !item['reported_at'] && !item['refusal']) ||
  (item?.['entity'] === 'fingerprint' && item['reported'] === false);

/** Unique bytes, and their metadata for a device. */
export function photo(name = 'DJI_20240516114207_0001_V.JPG', sizeInBytes = 2048) {
  const bytes = randomBytes(sizeInBytes);
  const fingerprint = createHash('md5').update(bytes).digest('hex');
  return { name, bytes, fingerprint, tinyFingerprint: `${fingerprint}_2024_5_16_11_42_7` };
}

/** Files as {@link photo} makes them. */
export type Photo = ReturnType<typeof photo>;

/** A local stack for a test file, on free ports and with temporary data, and its log. */
export class TestStack {
  readonly endpoints: Endpoints;
  readonly logged: LogEntry[];
  /** Events on the bus, in order. */
  readonly events: BusEvent[];
  /** Passwords, tokens and keys that this test file has seen. None may be in the log. */
  readonly secrets = new Set<string>();
  readonly #close: () => Promise<void>;
  readonly #clients: { destroy(): void }[] = [];

  private constructor(
    endpoints: Endpoints,
    logged: LogEntry[],
    events: BusEvent[],
    close: () => Promise<void>,
  ) {
    this.endpoints = endpoints;
    this.logged = logged;
    this.events = events;
    this.#close = close;
    for (const { password } of endpoints.users) this.secrets.add(password);
    this.secrets.add(endpoints.root.secret_access_key);
  }

  /** Starts a stack for this test file. */
  static async start(
    options: Pick<LocalStackOptions, 'timeScales' | 'notificationDeliveries' | 'configuration'> = {},
  ): Promise<TestStack> {
    const logged: LogEntry[] = [];
    const events: BusEvent[] = [];
    const stack = await startLocalStack({
      port: 0,
      ephemeral: true,
      ...options,
      timeScales: { batchingWindow: 0.02, visibilityTimeout: 0.05, ...options.timeScales },
      log: (entry: LogEntry) => void logged.push(entry),
      onEvent: (event) => void events.push(event),
    });
    return new TestStack(stack.endpoints, logged, events, () => stack.close());
  }

  /** Stops the stack. Fails when a secret is in its log, or an event does not match its contract. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#close();
    this.expectNoSecretsLogged();
    for (const event of this.events) expectEventContract(event);
  }

  expectNoSecretsLogged(): void {
    expect(this.functionLog()).toContainEqual(expect.objectContaining({ message: 'handled' }));
    const log = this.logged.map(({ line }) => line).join('\n');
    // Tokens that no test has seen count as well.
    expect(log).not.toMatch(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/);
    const leaked = [...this.secrets].filter((secret) => log.includes(secret));
    expect(leaked, 'secrets in the log').toEqual([]);
  }

  /** Log lines of functions, as objects. */
  functionLog(): Record<string, unknown>[] {
    return this.logged
      .filter(({ line }) => line.startsWith('{'))
      .flatMap(({ line }) => {
        try {
          return [JSON.parse(line)];
        } catch {
          return [];
        }
      });
  }

  /** The user of the first or the second workspace. */
  user(index: 0 | 1): DemoUser {
    const user = this.endpoints.users[index];
    if (!user) throw new Error('The stack has fewer users');
    return user;
  }

  /** Sends an HTTP request. A successful response is compared with its contract. */
  async request(
    path: string,
    { method = 'POST', token, body, headers }: HttpRequest = {},
  ): Promise<HttpAnswer> {
    const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(this.endpoints.api + path, {
      method,
      redirect: 'manual',
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { 'x-auth-token': token }),
        ...headers,
      },
      ...(body !== undefined && { body: (raw ? body : JSON.stringify(body)) as string }),
    });
    const text = await response.text();
    let envelope: unknown;
    try {
      envelope = JSON.parse(text);
    } catch {
      envelope = undefined;
    }
    const { code, data } = (envelope ?? {}) as Partial<Envelope>;
    if (response.status === 200 && code === 0) expectHttpContract(method, path, data);
    return {
      status: response.status,
      headers: response.headers,
      text,
      envelope: envelope as HttpAnswer['envelope'],
    };
  }

  /** Signs in. The tokens in the response count as secrets. */
  async signIn(username: string, password: string): Promise<HttpAnswer> {
    this.secrets.add(password);
    const answer = await this.request('/manage/api/v1/login', { body: { username, password, flag: 2 } });
    this.keepTokens(answer);
    return answer;
  }

  /** Records the tokens of a response as secrets, and returns its session. */
  keepTokens({ envelope }: HttpAnswer): SessionData {
    const session = envelope?.data as unknown as SessionData;
    for (const token of [session?.access_token, session?.refresh_token]) if (token) this.secrets.add(token);
    return session;
  }

  /** Makes a user of a workspace, or of none. */
  async createUser(username: string, workspaceId?: string) {
    const password = 'Made-for-a-test-1234';
    const user = { UserPoolId: this.endpoints.user_pool_id, Username: username };
    const cognito = this.cognito();
    await cognito.send(new AdminCreateUserCommand({ ...user, MessageAction: 'SUPPRESS' }));
    await cognito.send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }));
    if (workspaceId) await cognito.send(new AdminAddUserToGroupCommand({ ...user, GroupName: workspaceId }));
    return { username, password, disable: () => cognito.send(new AdminDisableUserCommand(user)) };
  }

  /** A signed-in controller: of the first or the second workspace, or of another user. */
  async pilot(whose: 0 | 1 | Pick<DemoUser, 'username' | 'password'> = 0): Promise<PilotDevice> {
    const { username, password } = typeof whose === 'number' ? this.user(whose) : whose;
    const answer = await this.signIn(username, password);
    expect(answer.envelope).toMatchObject({ code: 0 });
    return new PilotDevice(this, answer.envelope.data as unknown as SessionData);
  }

  /** S3 as the account's administrator, or with other credentials. */
  s3(settings: S3ClientConfig = {}): S3Client {
    return this.#keep(
      new S3Client({ ...this.#settings(this.endpoints.s3), forcePathStyle: true, ...settings }),
    );
  }

  /** The table, as the account's administrator. */
  dynamoDb(): DynamoDBDocumentClient {
    return DynamoDBDocumentClient.from(
      this.#keep(new DynamoDBClient(this.#settings(this.endpoints.dynamodb))),
    );
  }

  /** All items of the table, in no order. */
  async items(): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await this.dynamoDb().send(
        new ScanCommand({
          TableName: this.endpoints.table,
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        }),
      );
      items.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return items;
  }

  /** The user pool, as the account's administrator. */
  cognito(): CognitoIdentityProviderClient {
    const settings: CognitoIdentityProviderClientConfig = this.#settings(this.endpoints.cognito);
    return this.#keep(new CognitoIdentityProviderClient(settings));
  }

  #settings(endpoint: string) {
    const { region, root } = this.endpoints;
    const credentials = { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key };
    return { endpoint, region, credentials, maxAttempts: 1 };
  }

  #keep<Client extends { destroy(): void }>(client: Client): Client {
    this.#clients.push(client);
    return client;
  }
}

/** Pilot on a controller: sends requests, and uploads with its credentials. */
export class PilotDevice {
  readonly session: SessionData;
  readonly workspaceId: string;
  readonly #stack: TestStack;

  constructor(stack: TestStack, session: SessionData) {
    this.#stack = stack;
    this.session = session;
    this.workspaceId = session.workspace_id;
  }

  /** Sends a request to an endpoint of a workspace, by default that of the user. */
  ask(
    endpoint: string,
    { workspaceId = this.workspaceId, ...request }: HttpRequest & { workspaceId?: string } = {},
  ): Promise<HttpAnswer> {
    const service = endpoint === 'sts' ? 'storage' : 'media';
    return this.#stack.request(`/${service}/api/v1/workspaces/${workspaceId}/${endpoint}`, {
      token: this.session.access_token,
      ...request,
    });
  }

  /** New credentials, which count as secrets. */
  async credentials(): Promise<StsData> {
    const { envelope } = await this.ask('sts');
    expect(envelope).toMatchObject({ code: 0 });
    const data = envelope.data as unknown as StsData;
    this.#stack.secrets.add(data.credentials.access_key_secret).add(data.credentials.security_token);
    return data;
  }

  /** An S3 client of this device, by the response of `sts`. */
  s3({ endpoint, region, credentials }: StsData, settings: S3ClientConfig = {}): S3Client {
    return this.#stack.s3({
      endpoint,
      region,
      credentials: {
        accessKeyId: credentials.access_key_id,
        secretAccessKey: credentials.access_key_secret,
        sessionToken: credentials.security_token,
      },
      ...settings,
    });
  }

  /** Uploads a file below the object key prefix. */
  async put({ name, bytes }: Pick<Photo, 'name' | 'bytes'>, sts?: StsData): Promise<string> {
    const credentials = sts ?? (await this.credentials());
    const objectKey = `${credentials.object_key_prefix}/${name}`;
    await this.s3(credentials).send(
      new PutObjectCommand({
        Bucket: credentials.bucket,
        Key: objectKey,
        Body: bytes,
        ContentType: 'image/jpeg',
      }),
    );
    return objectKey;
  }

  /** The same as an upload in one part, whose ETag is not the MD5. */
  async putInParts({ name, bytes }: Pick<Photo, 'name' | 'bytes'>): Promise<string> {
    const sts = await this.credentials();
    const object = { Bucket: sts.bucket, Key: `${sts.object_key_prefix}/${name}` };
    const s3 = this.s3(sts);
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(object));
    const { ETag } = await s3.send(
      new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: bytes }),
    );
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload }));
    return object.Key;
  }

  report(file: Photo, objectKey: string, changes: object = {}): Promise<HttpAnswer> {
    return this.ask('upload-callback', {
      body: {
        result: 0,
        name: file.name,
        object_key: objectKey,
        fingerprint: file.fingerprint,
        ext: { tinny_fingerprint: file.tinyFingerprint },
        ...changes,
      },
    });
  }

  /** Uploads and reports a file. Resolves to its object key. */
  async upload(file: Photo, changes: object = {}): Promise<string> {
    const objectKey = await this.put(file);
    expect((await this.report(file, objectKey, changes)).envelope).toMatchObject({ code: 0 });
    return objectKey;
  }
}
