import type { InvocationResult } from '../lambda/definitions.ts';
import type { Log } from '../log.ts';
import { type LocalSqs, Undeliverable } from '../sqs/sqs.ts';
import type { BusEvent, EventRuleDefinition, EventTarget } from './definitions.ts';
import { matchesEvent } from './event-pattern.ts';

/** How to start the event bus. */
export interface EventBusOptions {
  readonly rules: readonly EventRuleDefinition[];
  readonly functions: {
    invokeEvent(functionArn: string, event: unknown): Promise<InvocationResult>;
    mayInvoke(
      functionArn: string,
      caller: { readonly principal: string; readonly sourceArn: string },
    ): boolean;
  };
  /** Targets and dead-letter queues. Their policies must allow it. */
  readonly queues: Pick<LocalSqs, 'allowsService' | 'deliver' | 'send'>;
  readonly log: Log;
  /** Called with each event, before its rules. */
  readonly onEvent?: ((event: BusEvent) => void) | undefined;
}

const SERVICE = 'events.amazonaws.com';

/** The default event bus: sends events to the functions and queues of matching rules. */
export class EventBus {
  readonly #options: EventBusOptions;

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  /**
   * Accepts an event. When this resolves, queues have it on disk; functions are invoked asynchronously.
   * Rejects when a queue cannot take it now.
   */
  async put(event: BusEvent): Promise<void> {
    this.#options.onEvent?.(event);
    const deliveries = this.#options.rules
      .filter(({ pattern }) => matchesEvent(pattern, event))
      .flatMap((rule) => rule.targets.map((target) => this.#deliver(rule, target, event)));
    await Promise.all(deliveries);
  }

  async #deliver(rule: EventRuleDefinition, target: EventTarget, event: BusEvent): Promise<void> {
    const { functions, queues } = this.#options;
    const { arn, kind } = target;
    if (kind === 'function') {
      if (functions.mayInvoke(arn, { principal: SERVICE, sourceArn: rule.arn })) {
        void functions.invokeEvent(arn, event);
      } else {
        this.#giveUp(rule, target, event, `no permission of ${arn} allows the rule to invoke it`);
      }
      return;
    }
    if (!queues.allowsService(arn, { service: SERVICE, sourceArn: rule.arn })) {
      this.#giveUp(rule, target, event, `the policy of ${arn} does not allow the rule to send messages`);
      return;
    }
    try {
      await queues.deliver(arn, JSON.stringify(event));
    } catch (error) {
      if (!(error instanceof Undeliverable)) throw error;
      this.#giveUp(rule, target, event, `${arn} refuses the event: ${error.message}`);
    }
  }

  #giveUp(rule: EventRuleDefinition, target: EventTarget, event: BusEvent, reason: string): void {
    const { queues, log } = this.#options;
    const complain = (line: string) =>
      log({ source: 'events', line: `${rule.name}: ${line}`, level: 'error' });
    complain(reason);
    const { deadLetterQueueArn } = target;
    if (deadLetterQueueArn === undefined) return;
    if (queues.allowsService(deadLetterQueueArn, { service: SERVICE, sourceArn: rule.arn })) {
      queues.send(deadLetterQueueArn, JSON.stringify(event));
    } else {
      complain(`the policy of ${deadLetterQueueArn} does not allow the rule to send dead letters`);
    }
  }
}
