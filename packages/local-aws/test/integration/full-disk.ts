import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { TableDefinition } from '../../dynamodb/dynamodb.ts';
import type { Role } from '../../iam/identities.ts';
import type { BucketDefinition } from '../../s3/definitions.ts';
import type { QueueDefinition } from '../../sqs/queue.ts';

export const region = 'eu-central-1';
export const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };
export const bucket = 'media';
export const userPoolId = 'eu-central-1_people';

/** A table with an index. */
export const media: TableDefinition = {
  name: 'media',
  keySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  attributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'flight', AttributeType: 'S' },
  ],
  globalSecondaryIndexes: [
    {
      IndexName: 'by-flight',
      KeySchema: [{ AttributeName: 'flight', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
};

export const secret = {
  name: 'settings',
  arn: `arn:aws:secretsmanager:${region}:123456789012:secret:settings-abcdef`,
};

export const queue: QueueDefinition = {
  name: 'jobs',
  arn: `arn:aws:sqs:${region}:123456789012:jobs`,
  retentionInSeconds: 3600,
  visibilityTimeoutInSeconds: 30,
};

/** A bucket that sends its notifications to a queue. */
export const watched: BucketDefinition = {
  name: 'watched',
  versioned: true,
  notifications: {
    eventBridge: false,
    queues: [
      {
        id: 'changes',
        queueArn: `arn:aws:sqs:${region}:123456789012:changes`,
        events: ['ObjectCreated:Put', 'ObjectRemoved:Delete'],
        prefix: '',
        suffix: '',
      },
    ],
  },
};

export const changes: QueueDefinition = {
  ...queue,
  name: 'changes',
  arn: `arn:aws:sqs:${region}:123456789012:changes`,
  policy: {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 's3.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: `arn:aws:sqs:${region}:123456789012:changes`,
      },
    ],
  },
};

/** A role whose sessions may list the tables. */
export const role: Role = {
  arn: 'arn:aws:iam::123456789012:role/reader',
  name: 'reader',
  trustPolicy: {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  },
  policies: [
    {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'dynamodb:ListTables', Resource: '*' }],
    },
  ],
  maxSessionDurationInSeconds: 3600,
};

/** A disk that can be full for a process. */
export interface Disk {
  readonly directory: string;
  fill(child: ChildProcess): void;
  free(child: ChildProcess): void;
  remove(): void;
}

/** A way to a full disk; `refusal` says why this machine cannot go it. */
export interface DiskKind {
  readonly title: string;
  readonly refusal: string | undefined;
  make(): Disk;
}

const temporaryDirectory = (): string => mkdtempSync(join(tmpdir(), 'full-disk-'));

const run = (command: string, ...parameters: readonly string[]): void => {
  const { status, stderr, error } = spawnSync(command, parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')}: ${error?.message ?? stderr}`);
};

const refusalOf = (attempt: () => void): string | undefined => {
  try {
    attempt();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

function makeSmallDisk(): Disk {
  const directory = temporaryDirectory();
  run('mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', directory);
  const ballast = join(directory, 'ballast');
  return {
    directory,
    fill: () => {
      for (const size of [65_536, 4_096, 1]) {
        while (refusalOf(() => writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' })) === undefined);
      }
    },
    free: () => rmSync(ballast),
    remove: () => {
      run('umount', directory);
      rmSync(directory, { recursive: true });
    },
  };
}

function makeLimitedDisk(): Disk {
  const directory = temporaryDirectory();
  const limit = ({ pid }: ChildProcess, size: string): void =>
    run('prlimit', `--pid=${pid}`, `--fsize=${size}:`);
  return {
    directory,
    fill: (child) => limit(child, '1'),
    // The limit is the process's own and goes with it.
    free: (child) => {
      if (child.signalCode === null) limit(child, 'unlimited');
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** The real thing, and a fault that needs no rights: a limit to how large a process may make its files. */
export const DISKS: readonly DiskKind[] = [
  {
    title: 'a disk of 6 MB that is full',
    refusal: refusalOf(() => makeSmallDisk().remove()),
    make: makeSmallDisk,
  },
  {
    title: 'a disk that takes no more from this process',
    refusal: refusalOf(() => run('prlimit', `--pid=${process.pid}`, '--fsize')),
    make: makeLimitedDisk,
  },
];

/** What the process says. */
interface Message {
  readonly ports?: Readonly<Record<'dynamodb' | 's3' | 'cognito' | 'secrets' | 'sqs', number>>;
  readonly line?: string;
  readonly session?: { accessKeyId: string; secretAccessKey: string; sessionToken: string } | null;
}

/** The services in their process, and clients for them that try once. */
export class FullDiskStack {
  readonly child: ChildProcess;
  readonly log: string[];
  readonly documents: DynamoDBDocumentClient;
  readonly s3: S3Client;
  readonly cognito: CognitoIdentityProviderClient;
  readonly secrets: SecretsManagerClient;
  readonly sqs: SQSClient;
  readonly #ports: NonNullable<Message['ports']>;

  private constructor(child: ChildProcess, ports: NonNullable<Message['ports']>, log: string[]) {
    this.child = child;
    this.log = log;
    this.#ports = ports;
    this.documents = DynamoDBDocumentClient.from(this.dynamoDb(root));
    this.s3 = new S3Client({ ...this.#client('s3'), forcePathStyle: true });
    this.cognito = new CognitoIdentityProviderClient(this.#client('cognito'));
    this.secrets = new SecretsManagerClient(this.#client('secrets'));
    this.sqs = new SQSClient(this.#client('sqs'));
  }

  static async start(directory: string): Promise<FullDiskStack> {
    mkdirSync(directory, { recursive: true });
    const child = fork(join(import.meta.dirname, 'full-disk-process.ts'), [directory]);
    const log: string[] = [];
    const started = Promise.withResolvers<NonNullable<Message['ports']>>();
    child.on('message', ({ line, ports }: Message) => {
      if (line !== undefined) log.push(line);
      if (ports) started.resolve(ports);
    });
    child.once('exit', (code) => started.reject(new Error(`The services ended with ${code}`)));
    return new FullDiskStack(child, await started.promise, log);
  }

  dynamoDb(credentials: { accessKeyId: string; secretAccessKey: string }): DynamoDBClient {
    return new DynamoDBClient({ ...this.#client('dynamodb'), credentials });
  }

  /** Credentials of the role; null when they could not be made. */
  async session(): Promise<NonNullable<Message['session']> | null> {
    const answered = new Promise<NonNullable<Message['session']> | null>((resolve) => {
      const onMessage = ({ session }: Message): void => {
        if (session === undefined) return;
        this.child.off('message', onMessage);
        resolve(session);
      };
      this.child.on('message', onMessage);
    });
    this.child.send('session');
    return answered;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    for (const client of [this.documents, this.s3, this.cognito, this.secrets, this.sqs]) client.destroy();
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  #client(service: keyof NonNullable<Message['ports']>) {
    return {
      endpoint: `http://127.0.0.1:${this.#ports[service]}`,
      region,
      credentials: root,
      maxAttempts: 1,
    };
  }
}
