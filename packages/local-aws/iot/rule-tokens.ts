/** SQL that the local stack cannot run. The message says where and why. */
export class RuleSqlError extends Error {
  override readonly name = 'RuleSqlError';
}

/** A word, literal or sign of a rule's SQL. */
export interface Token {
  readonly kind: 'word' | 'string' | 'number' | 'sign' | 'end';
  /** As written; of a string, the text between its quotes. */
  readonly text: string;
  /** 1 for the first character. */
  readonly column: number;
}

const PATTERN =
  /(?<word>[A-Za-z_]\w*)|(?<number>-?\d+(?:\.\d+)?(?![\w.]))|'(?<string>[^'\\]*)'(?!')|(?<sign><>|[*,().=])/y;

/** Splits SQL into tokens. Throws `RuleSqlError` at the first character that is not supported. */
export function ruleTokens(sql: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  for (;;) {
    position += /^\s*/.exec(sql.slice(position))?.[0].length ?? 0;
    const column = position + 1;
    if (position === sql.length) return [...tokens, { kind: 'end', text: 'the end', column }];
    PATTERN.lastIndex = position;
    const match = PATTERN.exec(sql);
    if (!match) {
      const written = /^\S+/.exec(sql.slice(position))?.[0] ?? '';
      throw new RuleSqlError(`column ${column}: the local stack does not support ${written}`);
    }
    const [kind, text] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    tokens.push({ kind: kind as Token['kind'], text: text ?? '', column });
    position = PATTERN.lastIndex;
  }
}
