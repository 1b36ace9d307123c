import { type Expression, expressionValue, type RuleMessage, readsJson } from './rule-expression.ts';
import { RuleSqlError, ruleTokens, type Token } from './rule-tokens.ts';
import { topicFilterProblem, topicMatcher } from './topic.ts';

/** The SQL of a rule, parsed. */
export interface RuleStatement {
  /** Whether the topic matches `FROM`. */
  readonly concerns: (topic: string) => boolean;
  /** What the rule selects of a message on such a topic. */
  readonly evaluate: (message: RuleMessage, json: JsonPayload) => RuleOutcome;
}

/** A message's payload as JSON. `readable` is false when it is not JSON. */
export type JsonPayload = { readonly readable: true; readonly value: unknown } | { readonly readable: false };

/** `not-json`: the rule needs attributes, and the message is not JSON. */
export type RuleOutcome =
  | { readonly kind: 'selected'; readonly event: unknown }
  | { readonly kind: 'no-match' | 'not-json' };

interface Selected {
  readonly alias: string;
  readonly expression: Expression;
}

/** Reserved words of AWS's SQL that are not supported. They cannot be names of attributes. */
const RESERVED = new Set(
  'SELECT FROM WHERE AS AND OR NOT IN CASE WHEN THEN ELSE END EXISTS VALUE SET LIKE IS NULL TRUE FALSE'.split(
    ' ',
  ),
);

/**
 * Parses AWS IoT SQL (version 2016-03-23), as far as it is supported. Throws `RuleSqlError` at the first word
 * that is not.
 */
export function parseRuleSql(sql: string): RuleStatement {
  const { all, selected, filter, condition } = new Parser(sql).statement();
  const problem = topicFilterProblem(filter.text);
  if (problem !== undefined) throw new RuleSqlError(`column ${filter.column}: '${filter.text}': ${problem}`);
  const expressions = [...selected.map(({ expression }) => expression), ...(condition ? [condition] : [])];
  const needsJson = all || expressions.some(readsJson);
  return {
    concerns: topicMatcher(filter.text),
    evaluate: (message, json) => {
      if (needsJson && !json.readable) return { kind: 'not-json' };
      const value = json.readable ? json.value : undefined;
      if (condition && expressionValue(condition, message, value) !== true) return { kind: 'no-match' };
      return { kind: 'selected', event: selection(all, selected, message, value) };
    },
  };
}

function selection(
  all: boolean,
  selected: readonly Selected[],
  message: RuleMessage,
  json: unknown,
): unknown {
  if (all && selected.length === 0) return json;
  const isObject = typeof json === 'object' && json !== null && !Array.isArray(json);
  return Object.fromEntries([
    ...(all && isObject ? Object.entries(json) : []),
    ...selected
      .map(({ alias, expression }) => [alias, expressionValue(expression, message, json)] as const)
      .filter(([, value]) => value !== undefined),
  ]);
}

class Parser {
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(sql: string) {
    this.#tokens = ruleTokens(sql);
  }

  statement(): { all: boolean; selected: Selected[]; filter: Token; condition: Expression | undefined } {
    this.#expectKeyword('SELECT');
    let all = false;
    const selected: Selected[] = [];
    do {
      if (this.#takeSign('*')) all = true;
      else selected.push(this.#selected(selected));
    } while (this.#takeSign(','));
    this.#expectKeyword('FROM');
    const filter = this.#next();
    if (filter.kind !== 'string') throw this.#unexpected(filter, "a topic filter in '…'");
    const condition = this.#takeKeyword('WHERE') ? this.#disjunction() : undefined;
    const rest = this.#next();
    if (rest.kind !== 'end')
      throw this.#unexpected(rest, condition ? 'AND, OR or the end' : 'WHERE or the end');
    return { all, selected, filter, condition };
  }

  #selected(others: readonly Selected[]): Selected {
    const first = this.#peek();
    const expression = this.#operand();
    let name = expression.kind === 'attribute' && expression.path.length === 1 ? first : undefined;
    if (this.#takeKeyword('AS')) {
      name = this.#next();
      if (name.kind !== 'word' || isReserved(name)) throw this.#unexpected(name, 'a name');
    }
    if (!name) throw this.#unexpected(this.#peek(), 'AS and a name');
    const alias = name.text;
    if (others.some((other) => other.alias === alias)) {
      throw new RuleSqlError(`column ${name.column}: ${alias} is selected twice`);
    }
    return { alias, expression };
  }

  #disjunction(): Expression {
    let left = this.#conjunction();
    while (this.#takeKeyword('OR')) left = { kind: 'or', left, right: this.#conjunction() };
    return left;
  }

  #conjunction(): Expression {
    let left = this.#negation();
    while (this.#takeKeyword('AND')) left = { kind: 'and', left, right: this.#negation() };
    return left;
  }

  #negation(): Expression {
    return this.#takeKeyword('NOT') ? { kind: 'not', operand: this.#negation() } : this.#comparison();
  }

  #comparison(): Expression {
    const left = this.#test();
    if (this.#takeSign('=')) return { kind: 'equal', left, right: this.#test() };
    if (this.#takeSign('<>')) return { kind: 'different', left, right: this.#test() };
    return left;
  }

  /** A part of `WHERE`: one side of a comparison, or a condition. */
  #test(): Expression {
    if (this.#takeSign('(')) {
      const inner = this.#disjunction();
      this.#expectSign(')');
      return inner;
    }
    const { kind, text } = this.#peek();
    if (kind === 'word' && (text === 'isUndefined' || text === 'isNull')) {
      this.#next();
      this.#expectSign('(');
      const operand = this.#operand();
      this.#expectSign(')');
      return { kind: text, operand };
    }
    return this.#operand();
  }

  #operand(): Expression {
    const token = this.#next();
    if (token.kind === 'string') return { kind: 'literal', value: token.text };
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) };
    if (token.kind !== 'word' || isReserved(token)) {
      throw this.#unexpected(token, 'an attribute, a function or a literal');
    }
    if (this.#takeSign('(')) return this.#functionCall(token);
    const path = [token.text];
    while (this.#takeSign('.')) {
      const key = this.#next();
      if (key.kind !== 'word') throw this.#unexpected(key, 'a key');
      path.push(key.text);
    }
    return { kind: 'attribute', path };
  }

  #functionCall(name: Token): Expression {
    const call = this.#arguments(name);
    this.#expectSign(')');
    return call;
  }

  #arguments(name: Token): Expression {
    switch (name.text) {
      case 'topic':
        return this.#peek().text === ')' ? { kind: 'topic' } : { kind: 'topic', level: this.#level() };
      case 'encode': {
        this.#expectSign('*');
        this.#expectSign(',');
        const scheme = this.#next();
        if (scheme.kind !== 'string' || scheme.text !== 'base64') throw this.#unexpected(scheme, "'base64'");
        return { kind: 'encodedPayload' };
      }
      case 'clientid':
        return { kind: 'clientId' };
      case 'timestamp':
        return { kind: 'timestamp' };
      default:
        throw new RuleSqlError(
          `column ${name.column}: the local stack does not support the function ${name.text}`,
        );
    }
  }

  #level(): number {
    const token = this.#next();
    const level = Number(token.text);
    if (token.kind !== 'number' || !Number.isInteger(level) || level < 1) {
      throw this.#unexpected(token, 'the number of a level');
    }
    return level;
  }

  #peek(): Token {
    const token = this.#tokens[this.#index] ?? this.#tokens.at(-1);
    if (!token) throw new RuleSqlError('the SQL is empty');
    return token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#index += 1;
    return token;
  }

  #takeSign(sign: string): boolean {
    const { kind, text } = this.#peek();
    if (kind !== 'sign' || text !== sign) return false;
    this.#index += 1;
    return true;
  }

  #takeKeyword(keyword: string): boolean {
    const { kind, text } = this.#peek();
    if (kind !== 'word' || text.toUpperCase() !== keyword) return false;
    this.#index += 1;
    return true;
  }

  #expectSign(sign: string): void {
    if (!this.#takeSign(sign)) throw this.#unexpected(this.#peek(), sign);
  }

  #expectKeyword(keyword: string): void {
    if (!this.#takeKeyword(keyword)) throw this.#unexpected(this.#peek(), keyword);
  }

  #unexpected({ text, column }: Token, expected: string): RuleSqlError {
    return new RuleSqlError(`column ${column}: the local stack expects ${expected}, not ${text}`);
  }
}

function isReserved({ text }: Token): boolean {
  return RESERVED.has(text.toUpperCase());
}
