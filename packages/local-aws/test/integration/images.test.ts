import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalAws, type LogEntry, startLocalAws } from '../../index.ts';
import { addImages } from '../app/images.ts';
import { synthesiseStations, type TestAssembly } from '../app/synthesise.ts';

const logged: LogEntry[] = [];
let assembly: TestAssembly;
let aws: LocalAws;
let s3: S3Client;

beforeAll(async () => {
  assembly = await synthesiseStations(addImages);
  aws = await startLocalAws({
    assembly: assembly.directory,
    timeScales: { delay: 0.1, visibilityTimeout: 0.02 },
    log: (entry) => logged.push(entry),
  });
  s3 = new S3Client({
    endpoint: aws.addresses.s3 ?? '',
    region: aws.region,
    credentials: aws.root,
    forcePathStyle: true,
  });
});

afterAll(async () => {
  s3?.destroy();
  await aws?.close();
  assembly?.[Symbol.dispose]();
});

const put = (Key: string, Body: string) =>
  s3.send(new PutObjectCommand({ Bucket: aws.outputs['ImagesName'], Key, Body }));

it('sends notifications of a bucket through a delayed queue to a function, whose table has an index', async () => {
  await put('roof/1.jpg', 'one');
  await put('roof/2.jpg', 'four');
  await put('cellar/1.jpg', 'x');
  const query = async () => {
    const { Items } = await aws.call('dynamodb', 'Query', {
      TableName: aws.outputs['ImagesTableName'],
      IndexName: 'by-station',
      KeyConditionExpression: 'station = :station',
      ExpressionAttributeValues: { ':station': { S: 'roof' } },
    });
    return Items as Record<string, { S: string; N: string }>[];
  };
  await expect.poll(query, { timeout: 20_000 }).toMatchObject([
    { key: { S: 'roof/1.jpg' }, bytes: { N: '3' } },
    { key: { S: 'roof/2.jpg' }, bytes: { N: '4' } },
  ]);
  // A tenth of the five seconds of the queue.
  for (const item of await query()) expect(Number(item['waited']?.N)).toBeGreaterThanOrEqual(500);
  expect(logged.filter(({ level }) => level === 'error')).toEqual([]);
});

it('moves what the function refuses twice to the dead-letter queue', async () => {
  await put('roof/notes.txt', 'x');
  const receive = async () => {
    const { Messages = [] } = await aws.call('sqs', 'ReceiveMessage', { QueueUrl: aws.outputs['LostUrl'] });
    return (Messages as { Body: string }[]).map(({ Body }) => JSON.parse(Body));
  };
  await expect
    .poll(receive, { timeout: 20_000 })
    .toMatchObject([{ Records: [{ s3: { object: { key: 'roof/notes.txt' } } }] }]);
});
