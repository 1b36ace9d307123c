import type { InvocationResult } from '../lambda/definitions.ts';
import type { Log } from '../log.ts';
import { type LocalSqs, Undeliverable } from '../sqs/sqs.ts';
import type { BusEvent, EventRuleDefinition, EventTarget } from './definitions.ts';
import { matchesEvent } from './event-pattern.ts';

/** What the event bus needs to start. */
export interface EventBusOptions {
  readonly rules: readonly EventRuleDefinition[];
  readonly functions: {
    invokeEvent(functionArn: string, event: unknown): Promise<InvocationResult>;
    mayInvoke(
      functionArn: string,
      caller: { readonly principal: string; readonly sourceArn: string },
    ): boolean;
  };
  /** Take events as targets, and what could not be delivered, as far as their policies allow it. */
  readonly queues: Pick<LocalSqs, 'allowsService' | 'deliver' | 'send'>;
  readonly log: Log;
}

const SERVICE = 'events.amazonaws.com';

/** The default event bus: hands events to the functions and queues whose rules they match. */
export class EventBus {
  readonly #options: EventBusOptions;

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  /**
   * Accepts an event. When this resolves, queues have it on the disk; what functions make of it is between
   * them and their rules. Rejects when a queue could not take it now.
   */
  async put(event: BusEvent): Promise<void> {
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
        this.#giveUp(rule, target, event, `no permission of ${arn} lets the rule invoke it`);
      }
      return;
    }
    if (!queues.allowsService(arn, { service: SERVICE, sourceArn: rule.arn })) {
      this.#giveUp(rule, target, event, `the policy of ${arn} does not let the rule send messages`);
      return;
    }
    try {
      await queues.deliver(arn, JSON.stringify(event));
    } catch (error) {
      if (!(error instanceof Undeliverable)) throw error;
      this.#giveUp(rule, target, event, `${arn} does not take an event: ${error.message}`);
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
      complain(`the policy of ${deadLetterQueueArn} does not let the rule send dead letters`);
    }
  }
}
