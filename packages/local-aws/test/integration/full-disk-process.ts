/**
 * The services that keep data, in a process of their own whose disk can be filled: `node full-disk-process.ts
 * <folder>`. Says where they listen and what they log, and makes a session when it is asked for one.
 */
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { createCognito } from '../../cognito/cognito.ts';
import { createDynamoDb } from '../../dynamodb/dynamodb.ts';
import { Identities } from '../../iam/identities.ts';
import { BucketNotifications } from '../../s3/notifications.ts';
import { createS3 } from '../../s3/s3.ts';
import { createSecretsManager } from '../../secrets-manager/secrets-manager.ts';
import { createSqs } from '../../sqs/sqs.ts';
import {
  bucket,
  changes,
  media,
  queue,
  region,
  role,
  root,
  secret,
  userPoolId,
  watched,
} from './full-disk.ts';

const [, , directory = ''] = process.argv;
const log = (line: string): void => {
  process.send?.({ line });
};
const identities = new Identities({ root, storePath: join(directory, 'sessions.json') });
identities.addRole(role);
const common = (service: string) => ({
  identities,
  region,
  accountId: '123456789012',
  log,
  dataDirectory: join(directory, service),
});
const lossAdvice = 'Compare it with the bucket.';
const sqs = await createSqs({
  ...common('sqs'),
  queues: [queue, changes],
  log: ({ line }) => log(line),
});
const buckets = [{ name: bucket, versioned: true }, watched];
const notifications = new BucketNotifications({
  partition: 'aws',
  region,
  accountId: '123456789012',
  buckets,
  sqs,
  toEventBridge: async () => {},
});
const services = {
  dynamodb: await createDynamoDb({ ...common('dynamodb'), tables: [media], lossAdvice }),
  s3: createS3({
    ...common('s3'),
    buckets,
    onEvent: (event) => notifications.tell(event),
    onConfigured: (bucketName) => notifications.test(bucketName),
  }),
  cognito: await createCognito({
    ...common('cognito'),
    userPools: [{ id: userPoolId, name: 'people', clients: [] }],
  }),
  secrets: await createSecretsManager({ ...common('secrets'), secrets: [secret] }),
  sqs,
};

const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
services.s3.announceMissed();
process.send?.({
  ports: {
    dynamodb: await portOf(services.dynamodb.server),
    s3: await portOf(services.s3.server),
    cognito: await portOf(services.cognito.server),
    secrets: await portOf(services.secrets.server),
    sqs: await portOf(services.sqs.server),
  },
});

process.on('message', () => {
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = identities.mintForRole(role.arn, {
      sessionName: 'full-disk',
      durationInSeconds: 900,
    });
    process.send?.({ session: { accessKeyId, secretAccessKey, sessionToken } });
  } catch (error) {
    process.send?.({ session: null, error: String(error) });
  }
});
process.on('disconnect', () => process.exit());
