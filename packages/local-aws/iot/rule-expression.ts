import { isDeepStrictEqual } from 'node:util';

/** An expression in a `SELECT` list or a `WHERE` clause. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number }
  /** Keys of the message's JSON object, outermost first. */
  | { readonly kind: 'attribute'; readonly path: readonly string[] }
  /** The whole topic, or one of its levels. The first level is 1. */
  | { readonly kind: 'topic'; readonly level?: number }
  | { readonly kind: 'encodedPayload' }
  | { readonly kind: 'clientId' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'isUndefined' | 'isNull' | 'not'; readonly operand: Expression }
  | {
      readonly kind: 'and' | 'or' | 'equal' | 'different';
      readonly left: Expression;
      readonly right: Expression;
    };

/** The message that a rule runs for. */
export interface RuleMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** Absent when the message did not come over MQTT. */
  readonly clientId: string | undefined;
  readonly receivedAt: Date;
}

/**
 * The value of an expression; `undefined` is AWS's `Undefined`. As AWS documents, comparisons with it, and
 * `AND` and `OR` with it, are `Undefined` as well, whatever the other side is.
 */
export function expressionValue(expression: Expression, message: RuleMessage, json: unknown): unknown {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'attribute':
      return attributeOf(json, expression.path);
    case 'topic':
      return expression.level === undefined ? message.topic : message.topic.split('/')[expression.level - 1];
    case 'encodedPayload':
      return message.payload.toString('base64');
    case 'clientId':
      return message.clientId ?? 'n/a';
    case 'timestamp':
      return message.receivedAt.getTime();
    case 'isUndefined':
      return expressionValue(expression.operand, message, json) === undefined;
    case 'isNull':
      return expressionValue(expression.operand, message, json) === null;
    case 'not': {
      const operand = truthOf(expressionValue(expression.operand, message, json));
      return operand === undefined ? undefined : !operand;
    }
  }
  const left = expressionValue(expression.left, message, json);
  const right = expressionValue(expression.right, message, json);
  if (expression.kind === 'equal' || expression.kind === 'different') {
    if (left === undefined || right === undefined) return undefined;
    return isDeepStrictEqual(left, right) === (expression.kind === 'equal');
  }
  const [one, other] = [truthOf(left), truthOf(right)];
  if (one === undefined || other === undefined) return undefined;
  return expression.kind === 'and' ? one && other : one || other;
}

/** Whether the value needs a message that is JSON. */
export function readsJson(expression: Expression): boolean {
  if ('operand' in expression) return readsJson(expression.operand);
  if ('left' in expression) return readsJson(expression.left) || readsJson(expression.right);
  return expression.kind === 'attribute';
}

function attributeOf(json: unknown, path: readonly string[]): unknown {
  let value = json;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** A Boolean, or its text. */
function truthOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : undefined;
  return text === 'true' ? true : text === 'false' ? false : undefined;
}
