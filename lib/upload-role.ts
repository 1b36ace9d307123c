import { CfnRole, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnOutput, Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { OBJECT_KEY_SCOPE_TAG, UPLOAD_ACTIONS } from '../functions/adapters/session-policy.ts';
import { UPLOAD_ROLE_ARN } from '../functions/environment.ts';
import type { EndpointFunction } from './endpoint-function.ts';
import type { MediaBucket } from './media-bucket.ts';

/** What an upload role needs. */
export interface UploadRoleProps {
  /** Where devices upload to. */
  readonly bucket: MediaBucket;
}

/**
 * What devices upload with. The role's own policy reaches no further than the scope in the session's tag, so that a
 * session policy that somebody forgot, or got wrong, opens nothing.
 */
export class UploadRole extends Construct {
  private readonly role: CfnRole;
  private readonly trust = new PolicyDocument();

  constructor(scope: Construct, id: string, { bucket }: UploadRoleProps) {
    super(scope, id);
    const uploads = `\${aws:PrincipalTag/${OBJECT_KEY_SCOPE_TAG}}/*`;
    // Level 1: CDK's Role wants somebody who may assume it before there is anybody.
    this.role = new CfnRole(this, 'Role', {
      description: 'Uploads below the scope that a session tag names',
      assumeRolePolicyDocument: this.trust,
      // As long as it can get: a function that assumes a role has a role already.
      maxSessionDuration: Duration.hours(1).toSeconds(),
      policies: [
        {
          policyName: 'upload',
          policyDocument: new PolicyDocument({
            statements: [
              new PolicyStatement({
                actions: UPLOAD_ACTIONS,
                resources: [bucket.objectsArn(uploads)],
              }),
            ],
          }),
        },
      ],
    });
    new CfnOutput(this, 'Arn', { value: this.role.attrArn }).overrideLogicalId('UploadRoleArn');

    bucket.acknowledgeObjects(
      this.role,
      uploads,
      'Devices choose the names of their files. The scope before them is of one credential.',
    );
  }

  /** Allows the function to make credentials, though none without the tag. */
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
        // There, and not empty.
        conditions: { StringLike: { [`aws:RequestTag/${OBJECT_KEY_SCOPE_TAG}`]: '?*' } },
      }),
      // Of its own, because AWS documents no request tags for this action.
      new PolicyStatement({ actions: ['sts:SetSourceIdentity'], principals }),
    );
    endpoint.addEnvironment(UPLOAD_ROLE_ARN, this.role.attrArn);
  }
}
