import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { startLocalAws } from '../../index.ts';
import { synthesiseStations } from '../app/synthesise.ts';

it('lists a report that was put into the bucket', async () => {
  using assembly = await synthesiseStations();
  await using aws = await startLocalAws({ assembly: assembly.directory });
  const { addresses, outputs, region, root } = aws;
  const s3 = new S3Client({ endpoint: addresses.s3 ?? '', region, credentials: root, forcePathStyle: true });
  await s3.send(new PutObjectCommand({ Bucket: outputs['BucketName'], Key: 'roof/may.txt', Body: 'mild' }));
  const list = () => aws.call('dynamodb', 'Scan', { TableName: outputs['TableName'] });
  await expect.poll(list).toMatchObject({ Items: [{ report: { S: 'roof/may.txt' } }] });
});
