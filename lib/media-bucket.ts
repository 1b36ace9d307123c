import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
  BlockedEncryptionType,
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type CorsRule,
  HttpMethods,
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { Aws, CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib/core';
import { Construct, type IConstruct } from 'constructs';
import { MEDIA_BUCKET_NAME, OBJECT_STORAGE_ENDPOINT } from '../functions/environment.ts';
import type { Configuration } from './configuration.ts';
import type { EndpointFunction } from './endpoint-function.ts';
import type { WorkQueues } from './work-queues.ts';

/** What differs between media buckets. */
export interface MediaBucketProps extends Pick<Configuration, 'lifecycle'> {
  readonly queues: WorkQueues;
}

/** The events for the catalog: all new versions and all removals. */
const CHANGES = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*', 's3:LifecycleExpiration:*'];

/**
 * Pages read files with presigned addresses. After a redirect from the API, browsers send `Origin: null` and the
 * headers of the first request. The signature is what protects a file.
 */
const DOWNLOADS: CorsRule = {
  allowedOrigins: ['*'],
  allowedMethods: [HttpMethods.GET, HttpMethods.HEAD],
  allowedHeaders: ['*'],
  exposedHeaders: ['accept-ranges', 'content-disposition', 'content-length', 'content-range', 'etag'],
  maxAge: Duration.hours(1).toSeconds(),
};

/** The bucket of the files. It stays when the stack is deleted, and so do earlier versions of files. */
export class MediaBucket extends Construct {
  private readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { lifecycle, queues }: MediaBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      // A file that is encrypted with a key of the device could not be read here.
      blockedEncryptionTypes: [BlockedEncryptionType.SSE_C],
      lifecycleRules: [
        { id: 'unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(7) },
        ...agingRules(lifecycle),
      ],
      cors: [DOWNLOADS],
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    // Level 1: CDK's own property adds a custom resource, whose code runs at deployment.
    const queue = queues.of('changes').queueArn;
    this.resource.notificationConfiguration = {
      queueConfigurations: CHANGES.map((event) => ({ event, queue })),
    };
    // S3 tests the queue when the bucket is created.
    const policy = queues.allowBuckets('changes');
    if (policy) this.bucket.node.addDependency(policy);
    new CfnOutput(this, 'Name', { value: this.bucket.bucketName }).overrideLogicalId('MediaBucketName');

    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'With auditTrail in the configuration, CloudTrail records who wrote what: every credential names its user or gateway. Access logs would repeat the object keys in a second bucket.',
    });
  }

  /**
   * Allows reading all versions of all objects, and listing versions. Without `s3:ListBucket`, S3 responds
   * 403 and not 404 for a missing object.
   */
  grantRead(endpoint: EndpointFunction): void {
    endpoint.addToRolePolicy(
      new PolicyStatement({
        actions: ['s3:GetObject', 's3:GetObjectVersion'],
        resources: [this.objectsArn('*')],
      }),
    );
    endpoint.addToRolePolicy(
      new PolicyStatement({
        actions: ['s3:ListBucket', 's3:ListBucketVersions'],
        resources: [this.bucket.bucketArn],
      }),
    );
    endpoint.addEnvironment(MEDIA_BUCKET_NAME, this.bucket.bucketName);
    this.acknowledgeObjects(
      endpoint.role,
      '*',
      'A library reads all of its own files, and of this bucket only.',
    );
  }

  /** Tells the function the address of the bucket. It grants no permission. */
  grantAddress(endpoint: EndpointFunction): void {
    endpoint.addEnvironment(MEDIA_BUCKET_NAME, this.bucket.bucketName);
    endpoint.addEnvironment(OBJECT_STORAGE_ENDPOINT, `https://s3.${Aws.REGION}.${Aws.URL_SUFFIX}`);
  }

  /** Stored bytes of a storage class, earlier versions included. S3 counts them once a day. */
  storedBytes(storageType: string): Metric {
    return new Metric({
      namespace: 'AWS/S3',
      metricName: 'BucketSizeBytes',
      dimensionsMap: { BucketName: this.bucket.bucketName, StorageType: storageType },
      period: Duration.days(1),
      statistic: Stats.AVERAGE,
    });
  }

  get arn(): string {
    return this.bucket.bucketArn;
  }

  /** ARN of the objects whose keys match a pattern, which may contain policy variables. */
  objectsArn(pattern: string): string {
    return this.bucket.arnForObjects(pattern);
  }

  /** Records why a policy may name all objects that match a pattern. */
  acknowledgeObjects(policyHolder: IConstruct, pattern: string, reason: string): void {
    const bucket = Stack.of(this).getLogicalId(this.resource);
    // cdk-nag writes references and policy variables in angle brackets.
    const resource = `<${bucket}.Arn>/${pattern.replaceAll(/\$\{(.+?)\}/g, '<$1>')}`;
    Validations.of(policyHolder).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason });
  }

  private get resource(): CfnBucket {
    return this.bucket.node.defaultChild as CfnBucket;
  }
}

/** The lifecycle rules of the configuration. */
function agingRules(lifecycle: Configuration['lifecycle']): LifecycleRule[] {
  const after = (days: number | undefined) => (days === undefined ? undefined : Duration.days(days));
  const infrequentAccess = after(lifecycle.infrequentAccessAfterInDays);
  const glacier = after(lifecycle.glacierInstantRetrievalAfterInDays);
  const expiration = after(lifecycle.expireAfterInDays);

  const transitions = [
    ...(infrequentAccess
      ? [{ storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: infrequentAccess }]
      : []),
    ...(glacier ? [{ storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: glacier }] : []),
  ];
  return [
    ...(transitions.length > 0 ? [{ id: 'storage-classes', transitions }] : []),
    ...(expiration ? [{ id: 'expiry', expiration }] : []),
  ];
}
