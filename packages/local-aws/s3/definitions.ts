import type { PolicyDocument } from '../iam/policy.ts';

/** A bucket of the template. */
export interface BucketDefinition {
  readonly name: string;
  readonly versioned: boolean;
  /** With resolved ARNs. @default none */
  readonly policy?: PolicyDocument | undefined;
  /** What browsers of other origins may do. @default nothing */
  readonly cors?: readonly CorsRule[] | undefined;
  /** Where notifications go. @default none */
  readonly notifications?: NotificationConfiguration | undefined;
}

/** Where the notifications of a bucket go. */
export interface NotificationConfiguration {
  readonly eventBridge: boolean;
  readonly queues: readonly QueueConfiguration[];
}

/** A queue for some notifications. */
export interface QueueConfiguration {
  readonly id: string;
  readonly queueArn: string;
  readonly events: ReadonlyArray<S3EventName | ExpiryEventName>;
  /** Only for keys with this prefix. @default '' */
  readonly prefix: string;
  /** Only for keys with this suffix. @default '' */
  readonly suffix: string;
}

/** A rule for cross-origin requests. `*` in an origin or header matches anything. */
export interface CorsRule {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders?: readonly string[] | undefined;
  readonly exposedHeaders?: readonly string[] | undefined;
  readonly maxAgeInSeconds?: number | undefined;
}

/** A version was stored or removed. The event is sent after the change is on disk. */
export interface S3Event extends ChangeCause {
  readonly time: Date;
  readonly bucket: string;
  readonly key: string;
  /** Undefined in a bucket without versions. */
  readonly versionId: string | undefined;
  /** That of the stored object; empty for a delete marker. */
  readonly eTag: string;
  readonly size: number;
  /** Of two events for one key, the later one has the greater sequencer, compared as text. */
  readonly sequencer: string;
}

/** The cause of a change. */
export interface ChangeCause {
  /** The name in S3's notifications. */
  readonly name: S3EventName;
  /** Unique id of the caller, such as `AROA…:session`. */
  readonly principalId: string;
  readonly sourceIp: string;
  readonly requestId: string;
}

/** The event types of the local S3. */
export type S3EventName =
  | 'ObjectCreated:Put'
  | 'ObjectCreated:Copy'
  | 'ObjectCreated:CompleteMultipartUpload'
  | 'ObjectRemoved:Delete'
  | 'ObjectRemoved:DeleteMarkerCreated';

/** The event types of S3's lifecycle rules. */
export type ExpiryEventName = 'LifecycleExpiration:Delete' | 'LifecycleExpiration:DeleteMarkerCreated';
