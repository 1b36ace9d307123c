/** The part of an action's name that differs from the operation's. */
const NOUNS: Readonly<Record<string, string>> = {
  BucketAccelerateConfiguration: 'AccelerateConfiguration',
  BucketAnalyticsConfiguration: 'AnalyticsConfiguration',
  BucketCors: 'BucketCORS',
  BucketEncryption: 'EncryptionConfiguration',
  BucketIntelligentTieringConfiguration: 'IntelligentTieringConfiguration',
  BucketInventoryConfiguration: 'InventoryConfiguration',
  BucketLifecycleConfiguration: 'LifecycleConfiguration',
  BucketMetricsConfiguration: 'MetricsConfiguration',
  BucketNotificationConfiguration: 'BucketNotification',
  BucketReplication: 'ReplicationConfiguration',
  ObjectLockConfiguration: 'BucketObjectLockConfiguration',
  PublicAccessBlock: 'BucketPublicAccessBlock',
};

/** Deleting anything else needs the permission to put it. */
const DELETABLE = new Set(['Bucket', 'BucketPolicy', 'BucketWebsite', 'ObjectTagging']);

const OTHERS: Readonly<Record<string, string>> = {
  CreateSession: 's3express:CreateSession',
  PostObject: 's3:PutObject',
  RenameObject: 's3:PutObject',
  SelectObjectContent: 's3:GetObject',
};

/** The action that an operation needs which is not implemented, by AWS's service authorization reference. */
export function actionOf(operationName: string): string {
  const other = OTHERS[operationName];
  if (other) return other;
  const [, verb = '', noun = ''] = /^(Get|Put|Delete)(\w+)$/.exec(operationName) ?? [];
  if (!verb) return `s3:${operationName}`;
  return `s3:${verb === 'Delete' && !DELETABLE.has(noun) ? 'Put' : verb}${NOUNS[noun] ?? noun}`;
}
