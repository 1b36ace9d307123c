import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AdminCreateUserCommand, AdminGetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { GetSecretValueCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetQueueUrlCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, it } from 'vitest';
import { createDynamoDb } from '../../dynamodb/dynamodb.ts';
import { Identities } from '../../iam/identities.ts';
import {
  bucket,
  changes,
  DISKS,
  type Disk,
  FullDiskStack,
  media,
  queue,
  root,
  secret,
  userPoolId,
  watched,
} from './full-disk.ts';

const TableName = media.name;

/** The body of a notification; a test event has no records. */
interface NotificationMessage {
  readonly Records?: readonly {
    readonly eventName: string;
    readonly s3: { readonly object: { readonly key: string } };
  }[];
}

let disk: Disk;
let stack: FullDiskStack;

afterEach(async () => {
  await stack.kill();
  disk.remove();
});

const start = async (): Promise<void> => {
  stack = await FullDiskStack.start(join(disk.directory, 'data'));
};
const killAndRestart = async (): Promise<void> => {
  await stack.kill();
  await start();
};
const fill = (): void => disk.fill(stack.child);
const free = (): void => disk.free(stack.child);

/** What is answered by a service that could not do what it was asked. */
const fault = { $metadata: { httpStatusCode: 500 } };

for (const kind of DISKS) {
  if (kind.refusal !== undefined) console.warn(`NOT TESTED HERE: ${kind.title} (${kind.refusal.trim()})`);

  describe.skipIf(kind.refusal !== undefined)(kind.title, () => {
    it('keeps acknowledged items, adds no refused ones, and keeps the index consistent', async () => {
      disk = kind.make();
      await start();
      const acknowledged: string[] = [];
      const refused: string[] = [];
      let counted = 0;
      const put = async (pk: string): Promise<void> => {
        const { documents } = stack;
        const Item = { pk, flight: 'f', text: randomBytes(2000).toString('hex') };
        const kept = await documents.send(new PutCommand({ TableName, Item })).then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject(fault);
            return false;
          },
        );
        (kept ? acknowledged : refused).push(pk);
        const count = new UpdateCommand({
          TableName,
          Key: { pk: 'count' },
          UpdateExpression: 'ADD files :one',
          ExpressionAttributeValues: { ':one': 1 },
        });
        await documents.send(count).then(
          () => counted++,
          (error: unknown) => expect(error).toMatchObject(fault),
        );
      };
      const check = async (): Promise<void> => {
        const { documents } = stack;
        const get = async (pk: string) =>
          (await documents.send(new GetCommand({ TableName, Key: { pk } }))).Item;
        for (const pk of acknowledged) expect(await get(pk)).toMatchObject({ pk, flight: 'f' });
        for (const pk of refused) expect(await get(pk)).toBeUndefined();
        expect(await get('count')).toEqual({ pk: 'count', files: counted });
        const { Items = [] } = await documents.send(
          new QueryCommand({
            TableName,
            IndexName: 'by-flight',
            KeyConditionExpression: 'flight = :flight',
            ExpressionAttributeValues: { ':flight': 'f' },
          }),
        );
        expect(Items.map(({ pk }) => pk).sort()).toEqual(acknowledged.toSorted());
      };

      for (let number = 0; number < 30; number++) await put(`before-${number}`);
      fill();
      while (refused.length < 10) await put(`full-${refused.length}-${acknowledged.length}`);
      await check();
      free();
      for (let number = 0; number < 30; number++) await put(`after-${number}`);
      await check();
      fill();
      for (let number = 0; number < 10; number++) await put(`again-${number}`);
      free();
      await killAndRestart();
      await check();
      expect(stack.log).toEqual([]);
      expect(acknowledged.length).toBeGreaterThanOrEqual(60);
    });

    it('keeps acknowledged objects, and no partial ones', async () => {
      disk = kind.make();
      await start();
      const acknowledged = new Map<string, string>();
      let refused = 0;
      const put = async (Key: string): Promise<void> => {
        const Body = randomBytes(20_000);
        const kept = await stack.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body })).then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject(fault);
            return false;
          },
        );
        if (kept) acknowledged.set(Key, Body.toString('hex'));
        else refused++;
      };
      for (let number = 0; number < 5; number++) await put(`before-${number}`);
      fill();
      while (refused < 3) await put(`full-${refused}-${acknowledged.size}`);
      free();
      for (let number = 0; number < 5; number++) await put(`after-${number}`);
      await killAndRestart();
      const { Versions = [] } = await stack.s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      expect(Versions.map(({ Key }) => Key).sort()).toEqual([...acknowledged.keys()].sort());
      for (const [Key, hex] of acknowledged) {
        const { Body } = await stack.s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
        expect(await Body?.transformToString('hex')).toBe(hex);
      }
      const folder = join(disk.directory, 'data', 's3', bucket);
      expect(readdirSync(join(folder, 'data'))).toHaveLength(acknowledged.size);
      expect(readdirSync(join(folder, 'objects'))).toHaveLength(acknowledged.size);
    });

    it('makes a user pool respond only with what is on disk', async () => {
      disk = kind.make();
      await start();
      const user = { UserPoolId: userPoolId, Username: 'pilot', MessageAction: 'SUPPRESS' as const };
      const get = () => stack.cognito.send(new AdminGetUserCommand(user));
      fill();
      await expect(stack.cognito.send(new AdminCreateUserCommand(user))).rejects.toMatchObject(fault);
      await expect(get()).rejects.toMatchObject(fault);
      free();
      // Once there is room, what is in memory comes to the disk before anybody hears of it.
      const { UserCreateDate } = await get();
      await killAndRestart();
      expect((await get()).UserCreateDate).toEqual(UserCreateDate);
    });

    it('makes secrets respond only with what is on disk', async () => {
      disk = kind.make();
      await start();
      const put = (SecretString: string) =>
        stack.secrets.send(new PutSecretValueCommand({ SecretId: secret.name, SecretString }));
      const get = async () =>
        (await stack.secrets.send(new GetSecretValueCommand({ SecretId: secret.name }))).SecretString;
      await put('first');
      fill();
      await expect(put('second')).rejects.toMatchObject(fault);
      await expect(get()).rejects.toMatchObject(fault);
      await stack.kill();
      free();
      await start();
      expect(await get()).toBe('first');
    });

    it('announces every acknowledged change of a bucket, and no other', async () => {
      disk = kind.make();
      await start();
      const Bucket = watched.name;
      const acknowledged: string[] = [];
      const refused: string[] = [];
      const attempt = async (change: string, send: () => Promise<{ VersionId?: string | undefined }>) => {
        const VersionId = await send().then(
          (result) => result.VersionId,
          (error: unknown) => {
            expect(error).toMatchObject(fault);
            return undefined;
          },
        );
        (VersionId === undefined ? refused : acknowledged).push(change);
        return VersionId;
      };
      const put = (Key: string) =>
        attempt(`ObjectCreated:Put ${Key}`, () =>
          stack.s3.send(new PutObjectCommand({ Bucket, Key, Body: randomBytes(20_000) })),
        );
      const remove = (Key: string, VersionId: string | undefined) =>
        attempt(`ObjectRemoved:Delete ${Key}`, async () => {
          await stack.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
          return VersionId === undefined ? {} : { VersionId };
        });
      const versions: (string | undefined)[] = [];
      for (let number = 0; number < 4; number++) versions.push(await put(`before-${number}`));
      await remove('before-0', versions[0]);
      fill();
      while (refused.length < 3) await put(`full-${refused.length}-${acknowledged.length}`);
      await remove('before-1', versions[1]);
      await remove('before-2', versions[2]);
      free();
      await put('after');
      await killAndRestart();

      const { QueueUrl } = await stack.sqs.send(new GetQueueUrlCommand({ QueueName: changes.name }));
      const announced = new Set<string>();
      const receive = async () => {
        const { Messages = [] } = await stack.sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
        );
        for (const { Body = '' } of Messages) {
          const { Records = [] } = JSON.parse(Body) as NotificationMessage;
          for (const { eventName, s3 } of Records) announced.add(`${eventName} ${s3.object.key}`);
        }
        return [...announced].sort();
      };
      await expect.poll(receive, { timeout: 10_000 }).toEqual(acknowledged.sort());
    });

    it('keeps acknowledged messages of a queue', async () => {
      disk = kind.make();
      await start();
      const { QueueUrl } = await stack.sqs.send(new GetQueueUrlCommand({ QueueName: queue.name }));
      const send = (MessageBody: string) => stack.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
      await send('before');
      fill();
      await expect(send(`full ${'x'.repeat(100_000)}`)).rejects.toMatchObject(fault);
      free();
      await send('after');
      await killAndRestart();
      const { QueueUrl: after } = await stack.sqs.send(new GetQueueUrlCommand({ QueueName: queue.name }));
      const { Messages = [] } = await stack.sqs.send(
        new ReceiveMessageCommand({ QueueUrl: after, MaxNumberOfMessages: 10 }),
      );
      expect(Messages.map(({ Body }) => Body).sort()).toEqual(['after', 'before']);
    });

    it('issues no credentials that a restart would lose', async () => {
      disk = kind.make();
      await start();
      const early = await stack.session();
      fill();
      expect(await stack.session()).toBeNull();
      free();
      const late = await stack.session();
      await killAndRestart();
      for (const credentials of [early, late]) {
        if (!credentials) throw new Error('There was room for a session');
        const { TableNames } = await stack.dynamoDb(credentials).send(new ListTablesCommand({}));
        expect(TableNames).toEqual([TableName]);
      }
    });
  });
}

describe('a database with damaged files', () => {
  const plainDisk = DISKS.at(-1);
  const folder = (): string => join(disk.directory, 'data', 'dynamodb');

  async function startWith(count: number): Promise<void> {
    if (!plainDisk) throw new Error('There is no disk');
    disk = plainDisk.make();
    await start();
    for (let number = 0; number < count; number++) {
      await stack.documents.send(new PutCommand({ TableName, Item: { pk: `${number}`, flight: 'f' } }));
    }
  }

  it('reports once at the start how many acknowledged writes were lost, and what to do', async () => {
    await startWith(20);
    await stack.kill();
    const log = join(folder(), 'tables.sqlite-wal');
    truncateSync(log, Math.floor(statSync(log).size / 2));
    await start();
    expect(stack.log).toEqual([
      expect.stringMatching(
        /^dynamodb: the last \d+ acknowledged writes are missing from the database in .*\. Compare it with the bucket\.$/,
      ),
    ]);
    const lost = Number(/the last (\d+)/.exec(stack.log[0] ?? '')?.[1]);
    const found = await Promise.all(
      Array.from({ length: 20 }, async (_, number) => {
        const get = new GetCommand({ TableName, Key: { pk: `${number}` } });
        return (await stack.documents.send(get)).Item !== undefined;
      }),
    );
    expect(found.filter((isThere) => !isThere)).toHaveLength(lost);
    expect(found.slice(0, 20 - lost).every(Boolean)).toBe(true);
    await killAndRestart();
    expect(stack.log).toEqual([]);
  });

  it('does not start, and reports the folder', async () => {
    await startWith(1);
    await stack.kill();
    rmSync(join(folder(), 'tables.sqlite-wal'));
    writeFileSync(join(folder(), 'tables.sqlite'), randomBytes(8192));
    const starting = createDynamoDb({
      identities: new Identities({ root }),
      region: 'eu-central-1',
      accountId: '123456789012',
      tables: [media],
      dataDirectory: folder(),
    });
    await expect(starting).rejects.toThrow(`The database in ${folder()} is damaged`);
  });
});
