/**
 * The simplest program that uploads a folder to a bucket: several uploads of the SDK at once. It computes no
 * MD5, reads no metadata, makes no other requests. `two-hundred-photos.ts` compares the uploader with it.
 *
 * `node bench/sdk-loop.ts FOLDER DATA_FOLDER_OF_THE_STACK PREFIX AT_ONCE`
 */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { readEndpoints } from '../local/endpoints.ts';
import { administrator } from './stack-process.ts';

const [folder = '', dataDirectory = '', prefix = '', atOnce = '4'] = process.argv.slice(2);
const endpoints = readEndpoints(dataDirectory);
if (!endpoints) throw new Error(`No local stack runs in ${dataDirectory}`);

const client = new S3Client({ ...administrator({ endpoints }, 's3'), forcePathStyle: true });
const names = readdirSync(folder).values();
const work = async (): Promise<void> => {
  for (const name of names) {
    const Body = await readFile(join(folder, name));
    await client.send(
      new PutObjectCommand({
        Bucket: endpoints.bucket,
        Key: `${prefix}/${name}`,
        Body,
        ContentType: 'image/jpeg',
      }),
    );
  }
};
await Promise.all(Array.from({ length: Number(atOnce) }, work));
client.destroy();
