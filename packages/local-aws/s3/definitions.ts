import type { PolicyDocument } from '../iam/policy.ts';

/** A bucket as the template declares it. */
export interface BucketDefinition {
  readonly name: string;
  readonly versioned: boolean;
  /** ARNs resolved. @default none */
  readonly policy?: PolicyDocument | undefined;
  /** What browsers of other origins may do. @default nothing */
  readonly cors?: readonly CorsRule[] | undefined;
  /** Who is told of changes. @default nobody */
  readonly notifications?: NotificationConfiguration | undefined;
}

/** Whom a bucket tells of changes. */
export interface NotificationConfiguration {
  readonly eventBridge: boolean;
  readonly queues: readonly QueueConfiguration[];
}

/** A queue that is told of some changes. */
export interface QueueConfiguration {
  readonly id: string;
  readonly queueArn: string;
  readonly events: ReadonlyArray<S3EventName | ExpiryEventName>;
  /** Only of keys that begin with it. @default '' */
  readonly prefix: string;
  /** Only of keys that end with it. @default '' */
  readonly suffix: string;
}

/** A rule for cross-origin requests; `*` in an origin or header stands for anything. */
export interface CorsRule {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders?: readonly string[] | undefined;
  readonly exposedHeaders?: readonly string[] | undefined;
  readonly maxAgeSeconds?: number | undefined;
}

/** Something was stored or removed; told after it is on the disk. */
export interface S3Event extends ChangeCause {
  readonly time: Date;
  readonly bucket: string;
  readonly key: string;
  /** Undefined in a bucket without versions. */
  readonly versionId: string | undefined;
  /** Of the object that was stored; empty for a delete marker. */
  readonly eTag: string;
  readonly size: number;
  /** Of two events of one key, the later has the greater one, compared as text. */
  readonly sequencer: string;
}

/** What a change is due to. */
export interface ChangeCause {
  /** As S3's notifications name it. */
  readonly name: S3EventName;
  /** Unique id of whoever asked for it, such as `AROA…:session`. */
  readonly principalId: string;
  readonly sourceIp: string;
  readonly requestId: string;
}

/** The kinds of event that the local S3 has. */
export type S3EventName =
  | 'ObjectCreated:Put'
  | 'ObjectCreated:Copy'
  | 'ObjectCreated:CompleteMultipartUpload'
  | 'ObjectRemoved:Delete'
  | 'ObjectRemoved:DeleteMarkerCreated';

/** The kinds of event of S3's lifecycle rules. */
export type ExpiryEventName = 'LifecycleExpiration:Delete' | 'LifecycleExpiration:DeleteMarkerCreated';
