import type { InvocationResult } from '../lambda/definitions.ts';
import type { Log } from '../log.ts';
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
  /** Takes events that could not be delivered. */
  readonly queues: { send(queueArn: string, body: string): void };
  readonly log: Log;
}

/** The default event bus: hands events to the functions whose rules they match. */
export class EventBus {
  readonly #options: EventBusOptions;

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  /** Accepts an event; what becomes of it is between the rule and its function. */
  put(event: BusEvent): void {
    for (const rule of this.#options.rules) {
      if (!matchesEvent(rule.pattern, event)) continue;
      for (const target of rule.targets) this.#deliver(rule, target, event);
    }
  }

  #deliver(rule: EventRuleDefinition, target: EventTarget, event: BusEvent): void {
    const { functions, queues, log } = this.#options;
    if (functions.mayInvoke(target.functionArn, { principal: 'events.amazonaws.com', sourceArn: rule.arn })) {
      void functions.invokeEvent(target.functionArn, event);
      return;
    }
    const line = `${rule.name}: no permission of ${target.functionArn} lets the rule invoke it`;
    log({ source: 'events', line, level: 'error' });
    if (target.deadLetterQueueArn !== undefined)
      queues.send(target.deadLetterQueueArn, JSON.stringify(event));
  }
}
