import { describe, expect, it } from 'vitest';
import { withoutPrototypeNames } from '../../functions/middleware/prototype-names.ts';

const parsed = (json: string) => JSON.parse(withoutPrototypeNames(json));

describe('names of prototypes in a JSON text', () => {
  it.each([
    ['a value', '{"name":"__proto__","list":["constructor"]}'],
    ['part of a key', '{"__proto__x":1,"my constructor":2}'],
    ['a key in the text of a value', String.raw`{"name":"{\"__proto__\":1}"}`],
    ['a key whose text has a quote in it', String.raw`{"a\"__proto__":1,"\\\"constructor":2}`],
    ['an escaped escape', String.raw`{"\\u005f_proto__":1}`],
    ['other escapes', String.raw`{"\u4e0a\u4e91":"\ud83d\ude81","\ud800":"\\"}`],
  ])('stay when they are %s', (_what, json) => {
    expect(withoutPrototypeNames(json)).toBe(json);
  });

  it('are renamed at any depth, and all else is unchanged', () => {
    const json = '{"a":1.10,"__proto__" :\n{"b":[{"constructor":{"prototype":1}}]},"c":12345678901234567890}';
    expect(withoutPrototypeNames(json)).toBe(
      '{"a":1.10,"(ignored)" :\n{"b":[{"(ignored)":{"prototype":1}}]},"c":12345678901234567890}',
    );
  });

  it.each([
    '\\',
    '\\"',
    '"',
    '"a\\',
    '"\\u',
    '{"__proto__',
    '{"__proto__":',
    '{"__proto__\\":1}',
    '"\\x__proto__":',
  ])('do not make %s valid JSON', (text) => {
    expect(() => parsed(`${text}\\u`)).toThrow(SyntaxError);
  });

  it.each([
    ['quotes that do not end', '\\"'.repeat(500_000)],
    ['escapes', '\\u005f'.repeat(160_000)],
    ['letters', '上'.repeat(300_000)],
    ['space', ' '.repeat(1_000_000)],
    ['quotes and space', '"" '.repeat(300_000)],
  ])('are found in a megabyte of %s', (_what, text) => {
    expect(withoutPrototypeNames(`{"constructor":"${text}`)).toBe(`{"(ignored)":"${text}`);
  });
});
