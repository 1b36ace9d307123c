import type { InvocationResult } from '../lambda/definitions.ts';

/** A topic rule as the template declares it. */
export interface TopicRuleDefinition {
  readonly name: string;
  readonly arn: string;
  /** In version 2016-03-23. */
  readonly sql: string;
  readonly enabled: boolean;
  readonly actions: readonly RuleAction[];
  /** Told when an action could not be carried out. @default nobody, besides the log */
  readonly errorAction?: RuleAction | undefined;
}

/** Where a rule sends what it selects. */
export type RuleAction =
  | { readonly kind: 'lambda'; readonly functionArn: string }
  | {
      readonly kind: 'sqs';
      readonly queueArn: string;
      /** What AWS IoT acts as. */
      readonly roleArn: string;
      readonly useBase64: boolean;
    };

/** The custom authorizer of the MQTT endpoint. */
export interface AuthorizerDefinition {
  readonly name: string;
  readonly arn: string;
  readonly functionArn: string;
}

/** What AWS IoT needs of Lambda. */
export interface IotFunctions {
  invoke(functionArn: string, event: unknown): Promise<InvocationResult>;
  invokeEvent(functionArn: string, event: unknown): Promise<InvocationResult>;
  mayInvoke(functionArn: string, caller: { readonly principal: string; readonly sourceArn: string }): boolean;
}

/** What AWS IoT needs of SQS. */
export interface IotQueues {
  /** Throws unless there is such a queue and the role may send to it. */
  checkSender(
    queueArn: string,
    sender: { readonly roleArn: string; readonly service: string; readonly sourceArn: string },
  ): void;
  send(queueArn: string, body: string): void;
}

/** AWS IoT, as the functions that it calls name it. */
export const IOT_PRINCIPAL = 'iot.amazonaws.com';
