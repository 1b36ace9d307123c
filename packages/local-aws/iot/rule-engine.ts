import { randomUUID } from 'node:crypto';
import type { Log } from '../log.ts';
import { CrowdGate } from './crowd-gate.ts';
import {
  IOT_PRINCIPAL,
  type IotFunctions,
  type IotQueues,
  type RuleAction,
  type TopicRuleDefinition,
} from './definitions.ts';
import type { RuleMessage } from './rule-expression.ts';
import { type JsonPayload, parseRuleSql, type RuleStatement } from './rule-sql.ts';

/** Running events for one function, before its publishers must wait. */
const EVENTS_AT_ONCE = 64;

/** How to start the rules engine. */
export interface RuleEngineOptions {
  readonly rules: readonly TopicRuleDefinition[];
  readonly functions: IotFunctions;
  /** Needed by rules that send to queues. */
  readonly queues?: IotQueues | undefined;
  readonly log: Log;
  /** @default 64 */
  readonly eventsAtOnce?: number | undefined;
}

interface Rule {
  readonly definition: TopicRuleDefinition;
  readonly statement: RuleStatement;
}

/** Runs topic rules: sends the messages that they select to functions and queues. */
export class RuleEngine {
  readonly #options: RuleEngineOptions;
  readonly #rules: readonly Rule[];
  readonly #gates = new Map<string, CrowdGate>();

  /** Throws for SQL that is not supported, and for actions that AWS IoT has no permission for. */
  constructor(options: RuleEngineOptions) {
    this.#options = options;
    this.#rules = options.rules.map((definition) => this.#checked(definition)).filter(isEnabled);
  }

  /**
   * Passes a message to the rules that select it. The promise that it may return resolves when there is room
   * for more. Publishers wait for it, so that messages do not pile up in memory.
   */
  dispatch(message: RuleMessage): Promise<unknown> | undefined {
    const concerned = this.#rules.filter(({ statement }) => statement.concerns(message.topic));
    if (concerned.length === 0) return undefined;
    const json = readJson(message.payload);
    const crowded: Promise<void>[] = [];
    let unreadable: string | undefined;
    for (const { definition, statement } of concerned) {
      try {
        const outcome = statement.evaluate(message, json);
        if (outcome.kind === 'not-json') unreadable ??= definition.name;
        if (outcome.kind !== 'selected') continue;
        for (const action of definition.actions) {
          const wait = this.#act(definition, action, outcome.event, message);
          if (wait) crowded.push(wait);
        }
      } catch (error) {
        // JSON can be nested deeper than the call stack allows.
        this.#log(`Rule ${definition.name} cannot handle a message on ${message.topic}: ${String(error)}`);
      }
    }
    if (unreadable !== undefined) {
      this.#log(
        `ParseError: a message on ${message.topic} is not JSON, so it is ignored by rule ${unreadable} and similar ones`,
      );
    }
    return crowded.length > 0 ? Promise.all(crowded) : undefined;
  }

  /** No publisher has to wait from now on. */
  close(): void {
    for (const gate of this.#gates.values()) gate.openForGood();
  }

  #checked(definition: TopicRuleDefinition): Rule {
    const { name, arn, sql, actions, errorAction } = definition;
    let statement: RuleStatement;
    try {
      statement = parseRuleSql(sql);
    } catch (cause) {
      throw new Error(`Rule ${name}: ${(cause as Error).message}`, { cause });
    }
    for (const action of errorAction ? [...actions, errorAction] : actions) {
      if (action.kind === 'sqs') this.#checkQueue(definition, action);
      else if (
        !this.#options.functions.mayInvoke(action.functionArn, { principal: IOT_PRINCIPAL, sourceArn: arn })
      ) {
        throw new Error(`Rule ${name}: no permission of ${action.functionArn} allows ${arn} to invoke it`);
      }
    }
    return { definition, statement };
  }

  #checkQueue({ name, arn }: TopicRuleDefinition, { queueArn, roleArn }: RuleAction & { kind: 'sqs' }): void {
    const { queues } = this.#options;
    if (!queues) throw new Error(`Rule ${name}: there is no queue ${queueArn}`);
    try {
      queues.checkSender(queueArn, { roleArn, service: IOT_PRINCIPAL, sourceArn: arn });
    } catch (cause) {
      throw new Error(`Rule ${name}: ${(cause as Error).message}`, { cause });
    }
  }

  #act(
    rule: TopicRuleDefinition,
    action: RuleAction,
    event: unknown,
    message: RuleMessage,
  ): Promise<void> | undefined {
    if (action.kind === 'sqs') {
      this.#send(action, event);
      return undefined;
    }
    const gate = this.#gateOf(action.functionArn);
    gate.enter();
    // Errors of the function itself are handled by Lambda, with retries and an on-failure destination.
    this.#invoke(action.functionArn, event)
      .catch((error: unknown) => this.#fail(rule, action, error, message))
      .finally(() => gate.leave());
    return gate.whenFree();
  }

  #fail(
    rule: TopicRuleDefinition,
    action: RuleAction & { kind: 'lambda' },
    error: unknown,
    message: RuleMessage,
  ): void {
    const errorMessage = error instanceof Error ? error.message : String(error);
    this.#log(`Rule ${rule.name}: ${errorMessage}`);
    if (!rule.errorAction) return;
    const report = {
      ruleName: rule.name,
      topic: message.topic,
      cloudwatchTraceId: randomUUID(),
      clientId: message.clientId ?? 'n/a',
      base64OriginalPayload: message.payload.toString('base64'),
      failures: [{ failedAction: 'LambdaAction', failedResource: action.functionArn, errorMessage }],
    };
    if (rule.errorAction.kind === 'sqs') this.#send(rule.errorAction, report);
    else {
      this.#invoke(rule.errorAction.functionArn, report).catch((cause: unknown) =>
        this.#log(`Rule ${rule.name}: its error action failed: ${String(cause)}`),
      );
    }
  }

  async #invoke(functionArn: string, event: unknown): Promise<void> {
    await this.#options.functions.invokeEvent(functionArn, event);
  }

  #send({ queueArn, useBase64 }: RuleAction & { kind: 'sqs' }, event: unknown): void {
    const body = JSON.stringify(event);
    this.#options.queues?.send(queueArn, useBase64 ? Buffer.from(body).toString('base64') : body);
  }

  #gateOf(functionArn: string): CrowdGate {
    const known = this.#gates.get(functionArn);
    if (known) return known;
    const gate = new CrowdGate(this.#options.eventsAtOnce ?? EVENTS_AT_ONCE);
    this.#gates.set(functionArn, gate);
    return gate;
  }

  #log(line: string): void {
    this.#options.log({ source: 'iot', line, level: 'error' });
  }
}

function isEnabled({ definition }: Rule): boolean {
  return definition.enabled;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readJson(payload: Buffer): JsonPayload {
  try {
    return { readable: true, value: JSON.parse(utf8.decode(payload)) };
  } catch {
    return { readable: false };
  }
}
