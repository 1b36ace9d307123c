import type { PolicyDocument } from './policy-document.ts';

/** Who signed a request, and what it may do. */
export interface Identity {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiresAt?: Date;
  principalArn: string;
  /** As `GetCallerIdentity` and `aws:userid` tell it. */
  userId?: string;
  /** Root needs no policy. */
  root: boolean;
  rolePolicies: PolicyDocument[];
  /** They narrow the role's policies; none means that they do not. */
  sessionPolicies: PolicyDocument[];
  principalTags: Record<string, string>;
  /** Tags that go on to the next role in a chain. */
  transitiveTagKeys?: string[];
  roleArn?: string;
  sourceIdentity?: string;
  sessionName?: string;
}

/** A role of the template. */
export interface Role {
  arn: string;
  name: string;
  trustPolicy: PolicyDocument;
  policies: PolicyDocument[];
  maxSessionDurationInSeconds: number;
}
