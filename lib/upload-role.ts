import { CfnRole, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnOutput, Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import {
  BUCKET_ACTIONS,
  OBJECT_KEY_SCOPE_TAG,
  UPLOAD_ACTIONS,
} from '../functions/adapters/session-policy.ts';
import { UPLOAD_ROLE_ARN } from '../functions/environment.ts';
import type { EndpointFunction } from './endpoint-function.ts';
import type { MediaBucket } from './media-bucket.ts';

/** What the upload role is made from. */
export interface UploadRoleProps {
  /** Where devices upload to. */
  readonly bucket: MediaBucket;
}

/**
 * Headers that an upload may have or leave out. Objects of other storage classes may have to be restored before
 * they can be read, and are billed for months. The ETag of other encryption is no MD5.
 */
const UPLOAD_HEADERS = {
  's3:x-amz-storage-class': 'STANDARD',
  's3:x-amz-server-side-encryption': 'AES256',
};

/**
 * The role that devices upload with. Its own policy allows only the scope in the session's tag, so a session
 * without a session policy, or with a wrong one, can do no more.
 */
export class UploadRole extends Construct {
  private readonly role: CfnRole;
  private readonly trust = new PolicyDocument();

  constructor(scope: Construct, id: string, { bucket }: UploadRoleProps) {
    super(scope, id);
    const uploads = `\${aws:PrincipalTag/${OBJECT_KEY_SCOPE_TAG}}/*`;
    // Level 1: CDK's Role needs a principal that may assume it, and there is none yet.
    this.role = new CfnRole(this, 'Role', {
      description: 'Uploads below the scope in a session tag',
      assumeRolePolicyDocument: this.trust,
      // The longest possible: a function that assumes a role already has a role (role chaining).
      maxSessionDuration: Duration.hours(1).toSeconds(),
      policies: [
        {
          policyName: 'upload',
          policyDocument: new PolicyDocument({
            statements: [
              new PolicyStatement({
                actions: UPLOAD_ACTIONS,
                resources: [bucket.objectsArn(uploads)],
                conditions: { StringEqualsIfExists: UPLOAD_HEADERS },
              }),
              new PolicyStatement({ actions: BUCKET_ACTIONS, resources: [bucket.arn] }),
            ],
          }),
        },
      ],
    });
    new CfnOutput(this, 'Arn', { value: this.role.attrArn }).overrideLogicalId('UploadRoleArn');

    bucket.acknowledgeObjects(
      this.role,
      uploads,
      'Devices choose the names of their files. The scope before them is that of one credential.',
    );
  }

  /** Allows the function to assume the role, and only with the tag. */
  grantAssume(endpoint: EndpointFunction): void {
    endpoint.addToRolePolicy(
      new PolicyStatement({
        actions: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        resources: [this.role.attrArn],
      }),
    );
    const principals = [endpoint.grantPrincipal];
    this.trust.addStatements(
      new PolicyStatement({
        actions: ['sts:AssumeRole', 'sts:TagSession'],
        principals,
        // The tag must be there, and not be empty.
        conditions: { StringLike: { [`aws:RequestTag/${OBJECT_KEY_SCOPE_TAG}`]: '?*' } },
      }),
      // A statement of its own: AWS documents no request tags for this action.
      new PolicyStatement({ actions: ['sts:SetSourceIdentity'], principals }),
    );
    endpoint.addEnvironment(UPLOAD_ROLE_ARN, this.role.attrArn);
  }
}
