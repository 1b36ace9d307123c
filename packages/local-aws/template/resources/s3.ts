import type { PolicyDocument } from '../../iam/policy.ts';
import type { BucketDefinition, CorsRule } from '../../s3/definitions.ts';
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
    // Storage classes, encryption at rest and public access have no counterpart in a folder.
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

/** The names of the buckets that tell EventBridge what happens to their objects. */
export function bucketsWithEvents(template: InterpretedTemplate): Set<string> {
  const buckets = template.ofType(BUCKET).filter(({ logicalId, properties }) => {
    const notifications = properties.object('NotificationConfiguration');
    const unknown = notifications.names.filter((name) => name !== 'EventBridgeConfiguration');
    if (unknown.length > 0)
      throw new TemplateError(`${logicalId}: the local stack does not know ${unknown.join(', ')}`);
    return notifications.object('EventBridgeConfiguration').optionalFlag('EventBridgeEnabled') ?? false;
  });
  return new Set(buckets.map(({ physicalId }) => physicalId));
}

/** The buckets of the template. */
export function readBuckets(template: InterpretedTemplate): BucketDefinition[] {
  const policies = template.ofType(BUCKET_POLICY);
  return template.ofType(BUCKET).map(({ logicalId, physicalId, properties }) => {
    const [policy, ...others] = policies.filter(
      (candidate) => candidate.properties.text('Bucket') === physicalId,
    );
    if (others.length > 0) throw new TemplateError(`${logicalId} has more than one policy`);
    return {
      name: physicalId,
      versioned: properties.object('VersioningConfiguration').optionalText('Status') === 'Enabled',
      policy: policy?.properties.value('PolicyDocument') as PolicyDocument | undefined,
      cors: properties.object('CorsConfiguration').objects('CorsRules').map(corsRule),
    };
  });
}

function corsRule(rule: Properties): CorsRule {
  return {
    allowedOrigins: rule.texts('AllowedOrigins'),
    allowedMethods: rule.texts('AllowedMethods'),
    allowedHeaders: rule.texts('AllowedHeaders'),
    exposedHeaders: rule.texts('ExposedHeaders'),
    maxAgeSeconds: rule.optionalNumber('MaxAge'),
  };
}

/** `MediaLibrary` → `media-library-…`: bucket names are lower-case. */
function bucketName(bucket: Pick<Resource, 'environment' | 'logicalId'>): string {
  const stack = bucket.environment.stackName.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
  return `${stack}-${stableId(bucket, 12)}`;
}
