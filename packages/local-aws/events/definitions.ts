/** A rule of the default event bus as the template declares it. */
export interface EventRuleDefinition {
  readonly name: string;
  readonly arn: string;
  /** Checked by `checkPattern`. */
  readonly pattern: Readonly<Record<string, unknown>>;
  readonly targets: readonly EventTarget[];
}

/** Where a rule sends its events. */
export interface EventTarget {
  readonly kind: 'function' | 'queue';
  readonly arn: string;
  /** Where an event goes that could not be delivered. @default dropped, with a log line */
  readonly deadLetterQueueArn?: string | undefined;
}

/** An event as EventBridge hands it on. */
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
