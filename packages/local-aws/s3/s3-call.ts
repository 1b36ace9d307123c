import type { ServerResponse } from 'node:http';
import { AwsError } from '../http/aws-error.ts';
import { authorize } from '../iam/authorize.ts';
import type { Identity } from '../iam/identities.ts';
import { type AccessRequest, evaluate } from '../iam/policy.ts';
import type { Authenticated } from '../iam/sigv4.ts';
import type { BucketDefinition, ChangeCause, S3EventName } from './definitions.ts';
import { IncomingBody } from './incoming-body.ts';
import type { S3Request } from './s3-request.ts';
import type { BucketStore } from './store/bucket-store.ts';

/** A bucket and its contents. */
export interface Bucket {
  readonly definition: BucketDefinition;
  readonly store: BucketStore;
}

/** What all calls share. */
export interface S3Context {
  readonly region: string;
  readonly accountId: string;
  readonly buckets: ReadonlyMap<string, Bucket>;
  readonly clock: () => Date;
  readonly log: (line: string) => void;
}

/** The resource of an action. */
export interface Target {
  readonly bucketName: string;
  /** @default the bucket itself */
  readonly key?: string;
}

/** Parameters that are condition keys under `s3:` and their name. */
const CONDITION_HEADERS = [
  'if-match',
  'if-none-match',
  'x-amz-acl',
  'x-amz-content-sha256',
  'x-amz-copy-source',
  'x-amz-metadata-directive',
  'x-amz-server-side-encryption',
  'x-amz-storage-class',
];

/** An authenticated request, and its response. */
export class S3Call {
  readonly request: S3Request;
  readonly response: ServerResponse;
  readonly context: S3Context;
  readonly identity: Identity;
  readonly presigned: boolean;
  readonly #payload: Authenticated['payload'];
  readonly #expectsContinue: boolean;

  constructor(options: {
    request: S3Request;
    response: ServerResponse;
    context: S3Context;
    authenticated: Authenticated;
    /** The client sends the body only after `100 Continue`. */
    expectsContinue: boolean;
  }) {
    this.request = options.request;
    this.response = options.response;
    this.context = options.context;
    this.identity = options.authenticated.identity;
    this.presigned = options.authenticated.presigned;
    this.#payload = options.authenticated.payload;
    this.#expectsContinue = options.expectsContinue;
  }

  get key(): string {
    return this.request.key;
  }

  /** The bucket of the request. Throws `NoSuchBucket`. */
  get bucket(): Bucket {
    return this.bucketNamed(this.request.bucketName ?? '');
  }

  get store(): BucketStore {
    return this.bucket.store;
  }

  /** Throws `NoSuchBucket`. */
  bucketNamed(name: string): Bucket {
    const bucket = this.context.buckets.get(name);
    if (bucket) return bucket;
    throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: name });
  }

  /** Throws `AccessDenied` unless the caller has the permission. */
  authorize(action: string, target?: Target, conditions: AccessRequest['context'] = {}): void {
    authorize('s3', this.identity, this.#accessRequest(action, target, conditions), this.#policyOf(target));
  }

  isAllowed(action: string, target: Target): boolean {
    return (
      evaluate(this.identity, this.#accessRequest(action, target, {}), this.#policyOf(target)) === 'allow'
    );
  }

  /** The body of the request. Call it when nothing else can be wrong any more. */
  body(options?: ConstructorParameters<typeof IncomingBody>[2]): IncomingBody {
    const body = new IncomingBody(this.request, this.#payload, options);
    if (this.#expectsContinue) {
      this.response.removeHeader('connection');
      this.response.writeContinue();
    }
    return body;
  }

  /** The cause of a change that this call makes. */
  cause(name: S3EventName): ChangeCause {
    return {
      name,
      principalId: this.identity.userId ?? this.identity.principalArn,
      sourceIp: (this.request.message.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      requestId: String(this.response.getHeader('x-amz-request-id')),
    };
  }

  #policyOf(target: Target | undefined) {
    return target && this.context.buckets.get(target.bucketName)?.definition.policy;
  }

  #accessRequest(
    action: string,
    target: Target | undefined,
    conditions: NonNullable<AccessRequest['context']>,
  ): AccessRequest {
    const { message } = this.request;
    const headers = CONDITION_HEADERS.map((name) => [`s3:${name}`, this.request.header(name)]);
    return {
      action,
      resource: resourceOf(target),
      now: this.context.clock(),
      context: {
        ...Object.fromEntries(headers),
        // Plain HTTP on loopback counts as TLS, which policies require.
        'aws:SecureTransport': 'true',
        's3:TlsVersion': '1.3',
        'aws:SourceIp': message.socket.remoteAddress,
        'aws:UserAgent': message.headers['user-agent'],
        'aws:Referer': message.headers.referer,
        's3:authType': this.presigned ? 'REST-QUERY-STRING' : 'REST-HEADER',
        's3:signatureversion': 'AWS4-HMAC-SHA256',
        's3:ResourceAccount': this.context.accountId,
        ...conditions,
      },
    };
  }
}

function resourceOf(target: Target | undefined): string {
  if (!target) return '*';
  const bucket = `arn:aws:s3:::${target.bucketName}`;
  return target.key === undefined ? bucket : `${bucket}/${target.key}`;
}
