import type { PolicyDocument } from './policy-document.ts';

/** Who signed a request, with its permissions. */
export interface Identity {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiresAt?: Date;
  principalArn: string;
  /** The id in `GetCallerIdentity` and `aws:userid`. */
  userId?: string;
  /** The root user needs no policy. */
  root: boolean;
  rolePolicies: PolicyDocument[];
  /** They limit the policies of the role. Without any, there is no limit. */
  sessionPolicies: PolicyDocument[];
  principalTags: Record<string, string>;
  /** Tags that are passed to the next role in a chain. */
  transitiveTagKeys?: string[];
  roleArn?: string;
  sourceIdentity?: string;
  sessionName?: string;
  /** A service of AWS has no policies of its own. Only resource policies allow it anything. */
  servicePrincipal?: ServicePrincipal;
}

/** A service of AWS that acts for a resource of the account, such as CloudFront for a distribution. */
export interface ServicePrincipal {
  /** Such as `cloudfront.amazonaws.com`. */
  service: string;
  /** Such as `aws:SourceArn`. */
  context: Record<string, string>;
}

/** A role of the template. */
export interface Role {
  arn: string;
  name: string;
  trustPolicy: PolicyDocument;
  policies: PolicyDocument[];
  maxSessionDurationInSeconds: number;
}
