import type { InvocationResult } from '../lambda/definitions.ts';

/** A topic rule of the template. */
export interface TopicRuleDefinition {
  readonly name: string;
  readonly arn: string;
  /** In SQL version 2016-03-23. */
  readonly sql: string;
  readonly enabled: boolean;
  readonly actions: readonly RuleAction[];
  /** Runs when an action failed. @default the failure is only logged */
  readonly errorAction?: RuleAction | undefined;
}

/** Where a rule sends messages. */
export type RuleAction =
  | { readonly kind: 'lambda'; readonly functionArn: string }
  | {
      readonly kind: 'sqs';
      readonly queueArn: string;
      /** The role that AWS IoT assumes. */
      readonly roleArn: string;
      readonly useBase64: boolean;
    };

/** The custom authorizer of the MQTT endpoint. */
export interface AuthorizerDefinition {
  readonly name: string;
  readonly arn: string;
  readonly functionArn: string;
}

/** The parts of Lambda that AWS IoT uses. */
export interface IotFunctions {
  /** `onStart` is called when a worker has taken the event. */
  invoke(functionArn: string, event: unknown, onStart?: () => void): Promise<InvocationResult>;
  invokeEvent(functionArn: string, event: unknown): Promise<InvocationResult>;
  mayInvoke(functionArn: string, caller: { readonly principal: string; readonly sourceArn: string }): boolean;
}

/** The parts of SQS that AWS IoT uses. */
export interface IotQueues {
  /** Throws when there is no such queue, or the role may not send to it. */
  checkSender(
    queueArn: string,
    sender: { readonly roleArn: string; readonly service: string; readonly sourceArn: string },
  ): void;
  send(queueArn: string, body: string): void;
}

/** AWS IoT's service principal. */
export const IOT_PRINCIPAL = 'iot.amazonaws.com';
