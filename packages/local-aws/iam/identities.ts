import { createHash, randomBytes } from 'node:crypto';
import { base32 } from './base32.ts';
import type { Identity, Role, ServicePrincipal } from './identity.ts';
import { type ConditionContext, evaluateResourcePolicy, type PolicyDocument } from './policy.ts';
import { checkPolicy } from './policy-validation.ts';
import { readSessions, type Session, writeSessions } from './session-store.ts';

export type { Identity, Role } from './identity.ts';

/** The properties of a new session of a role. */
export interface MintOptions {
  sessionName: string;
  durationInSeconds: number;
  sessionPolicies?: PolicyDocument[];
  tags?: Record<string, string>;
  transitiveTagKeys?: string[];
  sourceIdentity?: string;
}

/** A key pair that does not expire. */
export interface RootCredentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** The default account. */
export const DEFAULT_ACCOUNT_ID = '123456789012';

/** How long an expired key is kept, so that the error is "expired" and not "unknown". */
const REMEMBER_EXPIRED_IN_SECONDS = 24 * 3600;

/** All identities that can sign requests: root, and the sessions of roles. */
export class Identities {
  readonly accountId: string;
  readonly #storePath: string | undefined;
  readonly #clock: () => Date;
  readonly #roles = new Map<string, Role>();
  readonly #sessions: Map<string, Session>;
  /** The next request probably has the same signer. */
  readonly #sessionIdentities = new WeakMap<Session, { readonly role: Role; readonly identity: Identity }>();
  readonly #rootIdentity: Identity;
  readonly #services = new Map<string, Identity>();

  constructor(options: {
    root: RootCredentials;
    /** File for the sessions. @default they end with the process */
    storePath?: string;
    accountId?: string;
    clock?: () => Date;
  }) {
    this.accountId = options.accountId ?? DEFAULT_ACCOUNT_ID;
    this.#storePath = options.storePath;
    this.#clock = options.clock ?? (() => new Date());
    this.#rootIdentity = {
      ...options.root,
      principalArn: `arn:aws:iam::${this.accountId}:root`,
      userId: this.accountId,
      root: true,
      rolePolicies: [],
      sessionPolicies: [],
      principalTags: {},
    };
    const stored = options.storePath === undefined ? [] : readSessions(options.storePath);
    this.#sessions = new Map(stored.map((session) => [session.accessKeyId, session]));
  }

  /** Adds a role, or replaces the one with the same ARN. Its sessions have the new policies at once. */
  addRole(role: Role): void {
    checkPolicy(role.trustPolicy, 'trust');
    for (const policy of role.policies) checkPolicy(policy, 'identity');
    this.#roles.set(role.arn, role);
  }

  /** The role with this ARN. */
  findRole(roleArn: string): Role | undefined {
    return this.#roles.get(roleArn);
  }

  /** The owner of an access key, also of an expired one. */
  find(accessKeyId: string): Identity | undefined {
    if (accessKeyId === this.#rootIdentity.accessKeyId) return this.#rootIdentity;
    const service = this.#services.get(accessKeyId);
    if (service) return service;
    const session = this.#sessions.get(accessKeyId);
    const role = session && this.#roles.get(session.roleArn);
    return role && this.#identityOf(session, role);
  }

  /** Makes an identity for a service of AWS. It ends with the process. */
  addService(servicePrincipal: ServicePrincipal): Identity {
    const identity: Identity = {
      accessKeyId: `ASIA${base32(randomBytes(16), 16)}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      principalArn: servicePrincipal.service,
      root: false,
      rolePolicies: [],
      sessionPolicies: [],
      principalTags: {},
      servicePrincipal,
    };
    this.#services.set(identity.accessKeyId, identity);
    return identity;
  }

  /** Makes a session of a role. The caller checks who may. */
  mintForRole(roleArn: string, options: MintOptions): Identity {
    const role = this.#roles.get(roleArn);
    if (!role) throw new Error(`There is no role ${roleArn}`);
    for (const policy of options.sessionPolicies ?? []) checkPolicy(policy, 'identity');
    const now = this.#clock().getTime();
    const session: Session = {
      accessKeyId: `ASIA${base32(randomBytes(16), 16)}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
      // AWS has whole seconds.
      expiresAt: new Date(Math.floor(now / 1000 + options.durationInSeconds) * 1000).toISOString(),
      roleArn,
      sessionName: options.sessionName,
      sessionPolicies: options.sessionPolicies ?? [],
      tags: options.tags ?? {},
      transitiveTagKeys: options.transitiveTagKeys ?? [],
      ...(options.sourceIdentity === undefined ? {} : { sourceIdentity: options.sourceIdentity }),
    };
    this.#forgetExpired(now);
    this.#sessions.set(session.accessKeyId, session);
    if (this.#storePath !== undefined) writeSessions(this.#storePath, [...this.#sessions.values()]);
    return this.#identityOf(session, role);
  }

  #identityOf(session: Session, role: Role): Identity {
    const known = this.#sessionIdentities.get(session);
    if (known?.role === role) return known.identity;
    const identity = sessionIdentity(session, role);
    this.#sessionIdentities.set(session, { role, identity });
    return identity;
  }

  #forgetExpired(now: number): void {
    for (const [accessKeyId, { expiresAt }] of this.#sessions) {
      if (Date.parse(expiresAt) + REMEMBER_EXPIRED_IN_SECONDS * 1000 < now)
        this.#sessions.delete(accessKeyId);
    }
  }
}

/**
 * Whether the trust policy of a role allows a service of AWS, such as `lambda.amazonaws.com`, to assume it.
 * `context` says for whom the service acts, such as `aws:SourceAccount`.
 */
export function trustsService(role: Role, service: string, context: ConditionContext = {}): boolean {
  const request = { action: 'sts:AssumeRole', resource: role.arn, context };
  return evaluateResourcePolicy(role.trustPolicy, { service }, request, 'trust') === 'allow';
}

/** The unique id of a role, the same in every run: `AROA…`. */
export function roleId(roleArn: string): string {
  return `AROA${base32(createHash('sha256').update(roleArn).digest(), 17)}`;
}

function sessionIdentity(session: Session, role: Role): Identity {
  const { accessKeyId, secretAccessKey, sessionToken, roleArn, sessionName, sourceIdentity } = session;
  const [, partition, , , accountId] = roleArn.split(':');
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiresAt: new Date(session.expiresAt),
    principalArn: `arn:${partition}:sts::${accountId}:assumed-role/${role.name}/${sessionName}`,
    userId: `${roleId(roleArn)}:${sessionName}`,
    root: false,
    rolePolicies: role.policies,
    sessionPolicies: [...session.sessionPolicies],
    principalTags: { ...session.tags },
    transitiveTagKeys: [...session.transitiveTagKeys],
    roleArn,
    sessionName,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  };
}
