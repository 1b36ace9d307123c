import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoDbFileLists } from '../functions/adapters/dynamodb-file-lists.ts';
import { dynamoDbMediaCatalog } from '../functions/adapters/dynamodb-media-catalog.ts';
import { s3ObjectDigester } from '../functions/adapters/s3-object-digester.ts';
import { s3ObjectHistories } from '../functions/adapters/s3-object-histories.ts';
import { s3ObjectStorage } from '../functions/adapters/s3-object-storage.ts';
import { sqsDigestQueue, sqsEventOutbox, sqsFlightWatch } from '../functions/adapters/sqs-work-queues.ts';
import type { ObjectDigester } from '../functions/core/object-storage.ts';
import type { LibraryToReconcile } from '../functions/core/reconcile.ts';

/** Where the parts of a library are. */
export interface LibraryAddresses {
  readonly table: string;
  readonly bucket: string;
  readonly changesQueueUrl: string;
  readonly digestsQueueUrl: string;
  readonly flightChecksQueueUrl: string;
  readonly region: string;
  /** @default those of the environment */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** @default those of AWS */
  readonly endpoints?: { readonly dynamodb: string; readonly s3: string; readonly sqs: string };
}

/** A long run waits out throttling. */
const ATTEMPTS = 8;

/** The ports of an installation for reconciliation. */
export function openLibrary({
  endpoints,
  region,
  credentials,
  ...addresses
}: LibraryAddresses): LibraryToReconcile & { readonly digester: ObjectDigester } {
  const shared = { region, maxAttempts: ATTEMPTS, ...(credentials && { credentials }) };
  const at = (endpoint: string | undefined) => ({ ...shared, ...(endpoint && { endpoint }) });
  const table = DynamoDBDocumentClient.from(new DynamoDBClient(at(endpoints?.dynamodb)));
  const s3 = new S3Client({ ...at(endpoints?.s3), forcePathStyle: endpoints !== undefined });
  const sqs = new SQSClient(at(endpoints?.sqs));
  return {
    catalog: dynamoDbMediaCatalog(addresses.table, table),
    lists: dynamoDbFileLists(addresses.table, table),
    storage: s3ObjectStorage(addresses.bucket, s3),
    histories: s3ObjectHistories(addresses.bucket, s3),
    digester: s3ObjectDigester(addresses.bucket, s3),
    events: sqsEventOutbox(addresses.changesQueueUrl, sqs),
    digests: sqsDigestQueue(addresses.digestsQueueUrl, sqs),
    watch: sqsFlightWatch(addresses.flightChecksQueueUrl, sqs),
  };
}
