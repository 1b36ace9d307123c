/** A rule of the default event bus in the template. */
export interface EventRuleDefinition {
  readonly name: string;
  readonly arn: string;
  /** Valid for `checkPattern`. */
  readonly pattern: Readonly<Record<string, unknown>>;
  readonly targets: readonly EventTarget[];
}

/** The target of a rule. */
export interface EventTarget {
  readonly kind: 'function' | 'queue';
  readonly arn: string;
  /** Where events go that could not be delivered. @default they are dropped, with a log line */
  readonly deadLetterQueueArn?: string | undefined;
}

/** An event as EventBridge sends it. */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601, whole seconds */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}
