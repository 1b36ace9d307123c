import { CfnTrail } from 'aws-cdk-lib/aws-cloudtrail';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Aws, CfnOutput, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Configuration } from './configuration.ts';
import type { MediaBucket } from './media-bucket.ts';

/** What the trail is made from. */
export interface AuditTrailProps {
  /** The bucket whose objects it watches. */
  readonly bucket: MediaBucket;
  /** `writes` for uploads and removals, `all` for downloads too. */
  readonly events: Exclude<Configuration['auditTrail']['events'], 'none'>;
  readonly retentionInDays: number;
}

/**
 * CloudTrail's record of who wrote which object: every credential names its user or gateway. The records are
 * in a bucket of their own, which stays when the stack is deleted.
 */
export class AuditTrail extends Construct {
  constructor(scope: Construct, id: string, { bucket, events, retentionInDays }: AuditTrailProps) {
    super(scope, id);
    const records = new Bucket(this, 'Records', {
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ id: 'expiry', expiration: Duration.days(retentionInDays) }],
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    Validations.of(records).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'It holds an access log itself, that of the media bucket.',
    });

    const trail = new CfnTrail(this, 'Trail', {
      s3BucketName: records.bucketName,
      isLogging: true,
      isMultiRegionTrail: false,
      includeGlobalServiceEvents: false,
      enableLogFileValidation: true,
      advancedEventSelectors: [
        {
          name: 'Objects of the media bucket',
          fieldSelectors: [
            { field: 'eventCategory', equalTo: ['Data'] },
            { field: 'resources.type', equalTo: ['AWS::S3::Object'] },
            { field: 'resources.ARN', startsWith: [bucket.objectsArn('')] },
            ...(events === 'writes' ? [{ field: 'readOnly', equalTo: ['false'] }] : []),
          ],
        },
      ],
    });
    const cloudTrail = {
      principals: [new ServicePrincipal('cloudtrail.amazonaws.com')],
      conditions: {
        ArnLike: {
          'aws:SourceArn': `arn:${Aws.PARTITION}:cloudtrail:${Aws.REGION}:${Aws.ACCOUNT_ID}:trail/*`,
        },
      },
    };
    records.addToResourcePolicy(
      new PolicyStatement({ ...cloudTrail, actions: ['s3:GetBucketAcl'], resources: [records.bucketArn] }),
    );
    records.addToResourcePolicy(
      new PolicyStatement({
        ...cloudTrail,
        actions: ['s3:PutObject'],
        resources: [records.arnForObjects(`AWSLogs/${Aws.ACCOUNT_ID}/*`)],
      }),
    );
    // CloudTrail checks the policy when the trail is created.
    if (records.policy) trail.node.addDependency(records.policy);
    new CfnOutput(this, 'BucketName', { value: records.bucketName }).overrideLogicalId('AuditBucketName');
  }
}
