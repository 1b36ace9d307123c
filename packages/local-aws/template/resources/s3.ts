import type { PolicyDocument } from '../../iam/policy.ts';
import type {
  BucketDefinition,
  CorsRule,
  NotificationConfiguration,
  QueueConfiguration,
} from '../../s3/definitions.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { generatedName, type Properties, type Resource, type ResourceTypes, stableId } from '../resource.ts';

const BUCKET = 'AWS::S3::Bucket';
const BUCKET_POLICY = 'AWS::S3::BucketPolicy';

/** Buckets and their policies. */
export const S3_TYPES: ResourceTypes = {
  [BUCKET]: {
    physicalId: (bucket) => String(bucket.property('BucketName') ?? bucketName(bucket)),
    attributes: {
      Arn: (bucket) => `arn:${bucket.environment.partition}:s3:::${bucket.physicalId}`,
      DomainName: (bucket) => `${bucket.physicalId}.s3.${bucket.environment.urlSuffix}`,
      RegionalDomainName: (bucket) =>
        `${bucket.physicalId}.s3.${bucket.environment.region}.${bucket.environment.urlSuffix}`,
    },
    // Storage classes, encryption at rest and public access have no effect here.
    properties: [
      'BucketEncryption',
      'BucketName',
      'CorsConfiguration',
      'LifecycleConfiguration',
      'NotificationConfiguration',
      'OwnershipControls',
      'PublicAccessBlockConfiguration',
      'Tags',
      'VersioningConfiguration',
    ],
  },
  [BUCKET_POLICY]: { physicalId: generatedName, properties: ['Bucket', 'PolicyDocument'] },
};

/** The buckets of the template. */
export function readBuckets(template: InterpretedTemplate): BucketDefinition[] {
  const policies = template.ofType(BUCKET_POLICY);
  return template.ofType(BUCKET).map((bucket) => {
    const { logicalId, physicalId, properties } = bucket;
    const [policy, ...others] = policies.filter(
      (candidate) => candidate.properties.text('Bucket') === physicalId,
    );
    if (others.length > 0) throw new TemplateError(`${logicalId} has more than one policy`);
    return {
      name: physicalId,
      versioned: properties.object('VersioningConfiguration').optionalText('Status') === 'Enabled',
      policy: policy?.properties.value('PolicyDocument') as PolicyDocument | undefined,
      cors: properties.object('CorsConfiguration').objects('CorsRules').map(corsRule),
      notifications: notificationsOf(bucket),
    };
  });
}

/**
 * Event types by their names in a notification configuration. Objects do not expire here, so there are no
 * such events.
 */
const EVENTS: ReadonlyMap<string, QueueConfiguration['events']> = new Map<
  string,
  QueueConfiguration['events']
>([
  [
    's3:ObjectCreated:*',
    ['ObjectCreated:Put', 'ObjectCreated:Copy', 'ObjectCreated:CompleteMultipartUpload'],
  ],
  ['s3:ObjectCreated:Put', ['ObjectCreated:Put']],
  ['s3:ObjectCreated:Copy', ['ObjectCreated:Copy']],
  ['s3:ObjectCreated:CompleteMultipartUpload', ['ObjectCreated:CompleteMultipartUpload']],
  ['s3:ObjectRemoved:*', ['ObjectRemoved:Delete', 'ObjectRemoved:DeleteMarkerCreated']],
  ['s3:ObjectRemoved:Delete', ['ObjectRemoved:Delete']],
  ['s3:ObjectRemoved:DeleteMarkerCreated', ['ObjectRemoved:DeleteMarkerCreated']],
  ['s3:LifecycleExpiration:*', ['LifecycleExpiration:Delete', 'LifecycleExpiration:DeleteMarkerCreated']],
  ['s3:LifecycleExpiration:Delete', ['LifecycleExpiration:Delete']],
  ['s3:LifecycleExpiration:DeleteMarkerCreated', ['LifecycleExpiration:DeleteMarkerCreated']],
]);

function notificationsOf(bucket: Resource): NotificationConfiguration | undefined {
  const { logicalId, properties } = bucket;
  if (!properties.has('NotificationConfiguration')) return undefined;
  const notifications = properties.object('NotificationConfiguration');
  known(logicalId, notifications, ['EventBridgeConfiguration', 'QueueConfigurations']);
  const queues = notifications
    .objects('QueueConfigurations')
    .map((configuration, index) => queueConfiguration(bucket, configuration, index));
  for (const [index, one] of queues.entries()) {
    if (queues.slice(index + 1).some((other) => overlap(one, other))) {
      throw new TemplateError(
        `${logicalId}: two of its configurations share an event type for the same keys, which S3 refuses`,
      );
    }
  }
  const eventBridge = notifications.object('EventBridgeConfiguration');
  return { eventBridge: eventBridge.optionalFlag('EventBridgeEnabled') ?? false, queues };
}

function queueConfiguration(bucket: Resource, properties: Properties, index: number): QueueConfiguration {
  const { logicalId } = bucket;
  known(logicalId, properties, ['Event', 'Filter', 'Queue']);
  const event = properties.text('Event');
  const events = EVENTS.get(event);
  if (!events) throw new TemplateError(`${logicalId}: the local AWS supports no bucket event ${event}`);
  const filter = properties.object('Filter');
  known(logicalId, filter, ['S3Key']);
  const rules = filter.object('S3Key').objects('Rules');
  const filters: Record<string, string> = {};
  for (const rule of rules) {
    const name = rule.text('Name').toLowerCase();
    if (name !== 'prefix' && name !== 'suffix') {
      throw new TemplateError(`${logicalId}: S3 filters by prefix and suffix, not by ${name}`);
    }
    if (name in filters) throw new TemplateError(`${logicalId}: a filter has one ${name}`);
    filters[name] = rule.text('Value');
  }
  return {
    id: stableId({ ...bucket, logicalId: `${logicalId}/queues/${index}` }, 24),
    queueArn: properties.text('Queue'),
    events,
    prefix: filters['prefix'] ?? '',
    suffix: filters['suffix'] ?? '',
  };
}

/** Whether a key and event could match both. */
function overlap(one: QueueConfiguration, other: QueueConfiguration): boolean {
  const { prefix, suffix } = other;
  return (
    one.events.some((event) => other.events.includes(event)) &&
    (one.prefix.startsWith(prefix) || prefix.startsWith(one.prefix)) &&
    (one.suffix.endsWith(suffix) || suffix.endsWith(one.suffix))
  );
}

function known(logicalId: string, properties: Properties, names: readonly string[]): void {
  const unknown = properties.names.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new TemplateError(`${logicalId}: the local stack does not support ${unknown.join(', ')}`);
}

function corsRule(rule: Properties): CorsRule {
  return {
    allowedOrigins: rule.texts('AllowedOrigins'),
    allowedMethods: rule.texts('AllowedMethods'),
    allowedHeaders: rule.texts('AllowedHeaders'),
    exposedHeaders: rule.texts('ExposedHeaders'),
    maxAgeInSeconds: rule.optionalNumber('MaxAge'),
  };
}

/** `MediaLibrary` → `media-library-…`: bucket names are lower-case. */
function bucketName(bucket: Pick<Resource, 'environment' | 'logicalId'>): string {
  const stack = bucket.environment.stackName.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
  return `${stack}-${stableId(bucket, 12)}`;
}
