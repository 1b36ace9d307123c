/**
 * Returns the value of a policy variable such as `aws:PrincipalTag/workspace`; undefined when there is none.
 */
export type VariableLookup = (name: string) => string | undefined;

type Token = { readonly literal: string } | 'any' | 'one';

/** The variables for literal characters. */
const ESCAPED_CHARACTERS: Record<string, string> = { '*': '*', '?': '?', $: '$' };

/** The colons of an ARN before its resource part, which may contain colons too. */
const ARN_COLONS = 5;

/**
 * Whether a pattern of a policy matches a text. `*` and `?` are wildcards only in the policy itself. In the
 * text and in values of variables they are literal. Undefined when a variable has no value.
 */
export function matchesPattern(pattern: string, text: string, lookup?: VariableLookup): boolean | undefined {
  // Most patterns have neither variables nor wildcards.
  if (!/[*?$]/.test(pattern)) return pattern === text;
  const tokens = tokenize(pattern, lookup);
  return tokens && matchesTokens(tokens, [...text]);
}

/**
 * As `matchesPattern`, but a wildcard matches only within its part of the ARN. `*` alone matches everything.
 */
export function matchesArnPattern(
  pattern: string,
  arn: string,
  lookup?: VariableLookup,
): boolean | undefined {
  if (pattern === '*') return true;
  const patternParts = splitArn(pattern, true);
  const arnParts = splitArn(arn, false);
  let matches = patternParts.length === arnParts.length;
  for (const [index, part] of patternParts.entries()) {
    const partMatches = matchesPattern(part, arnParts[index] ?? '', lookup);
    if (partMatches === undefined) return undefined;
    matches &&= partMatches;
  }
  return matches;
}

/** A value with its variables replaced and without wildcards; undefined when a variable has no value. */
export function substituteVariables(value: string, lookup?: VariableLookup): string | undefined {
  let result = '';
  for (const piece of pieces(value, lookup)) {
    if (piece === undefined) return undefined;
    result += typeof piece === 'string' ? piece : piece.written;
  }
  return result;
}

function tokenize(pattern: string, lookup: VariableLookup | undefined): Token[] | undefined {
  const tokens: Token[] = [];
  for (const piece of pieces(pattern, lookup)) {
    if (piece === undefined) return undefined;
    if (typeof piece === 'string') {
      for (const character of piece) tokens.push({ literal: character });
      continue;
    }
    for (const character of piece.written) {
      tokens.push(character === '*' ? 'any' : character === '?' ? 'one' : { literal: character });
    }
  }
  return tokens;
}

/** Text of the policy, alternating with values of variables; undefined for a variable without a value. */
function* pieces(
  pattern: string,
  lookup: VariableLookup | undefined,
): Generator<{ written: string } | string | undefined> {
  if (!lookup) {
    yield { written: pattern };
    return;
  }
  let position = 0;
  for (const match of pattern.matchAll(/\$\{([^}]*)\}/g)) {
    yield { written: pattern.slice(position, match.index) };
    yield variableValue(match[1] ?? '', lookup);
    position = match.index + match[0].length;
  }
  yield { written: pattern.slice(position) };
}

/** The value of `name` or of `name, 'default'`. */
function variableValue(expression: string, lookup: VariableLookup): string | undefined {
  const [, name = '', fallback] = /^([^,]*?)\s*(?:,\s*'(.*)'\s*)?$/s.exec(expression.trim()) ?? [];
  return ESCAPED_CHARACTERS[name] ?? lookup(name) ?? fallback;
}

function splitArn(text: string, variables: boolean): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length && parts.length < ARN_COLONS; index++) {
    if (variables && text.startsWith('${', index)) {
      const end = text.indexOf('}', index);
      if (end > 0) index = end;
    } else if (text[index] === ':') {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Matches with two pointers: quadratic at most, where a regular expression could be exponential. */
function matchesTokens(tokens: readonly Token[], text: readonly string[]): boolean {
  let tokenIndex = 0;
  let textIndex = 0;
  let lastAny = -1;
  let resumeAt = 0;
  while (textIndex < text.length) {
    const token = tokens[tokenIndex];
    if (token === 'any') {
      lastAny = tokenIndex++;
      resumeAt = textIndex;
    } else if (token !== undefined && (token === 'one' || token.literal === text[textIndex])) {
      tokenIndex++;
      textIndex++;
    } else if (lastAny >= 0) {
      tokenIndex = lastAny + 1;
      textIndex = ++resumeAt;
    } else {
      return false;
    }
  }
  while (tokens[tokenIndex] === 'any') tokenIndex++;
  return tokenIndex === tokens.length;
}
