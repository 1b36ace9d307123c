import { describe, expect, it } from 'vitest';
import type { RuleMessage } from '../../iot/rule-expression.ts';
import { parseRuleSql, type RuleOutcome } from '../../iot/rule-sql.ts';

const message = (payload: string, overrides: Partial<RuleMessage> = {}): RuleMessage => ({
  topic: 'thing/product/DOCK1/events',
  payload: Buffer.from(payload),
  clientId: 'dock-client',
  receivedAt: new Date('2026-03-23T10:00:00Z'),
  ...overrides,
});

const run = (sql: string, payload: string, overrides: Partial<RuleMessage> = {}): RuleOutcome => {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return parseRuleSql(sql).evaluate(message(payload, overrides), { readable: false });
  }
  return parseRuleSql(sql).evaluate(message(payload, overrides), { readable: true, value });
};

const select = (list: string, payload: string, overrides: Partial<RuleMessage> = {}): unknown => {
  const outcome = run(`SELECT ${list} FROM 'thing/#'`, payload, overrides);
  return outcome.kind === 'selected' ? outcome.event : outcome.kind;
};

const matches = (condition: string, payload: string): boolean =>
  run(`SELECT * FROM 'thing/#' WHERE ${condition}`, payload).kind === 'selected';

describe('SELECT', () => {
  it.each([
    ['*', '{"a":1,"b":[2]}', { a: 1, b: [2] }],
    ['*', '[1,2]', [1, 2]],
    ['*, 7 AS seven', '{"a":1}', { a: 1, seven: 7 }],
    ['*, 7 AS a', '{"a":1}', { a: 7 }],
    ['*, 7 AS seven', '[1,2]', { seven: 7 }],
    [
      "topic(3) AS sn, encode(*, 'base64') AS payload",
      '{"a":"ü"}',
      { sn: 'DOCK1', payload: 'eyJhIjoiw7wifQ==' },
    ],
    ['topic() AS topic', '{}', { topic: 'thing/product/DOCK1/events' }],
    ['topic(9) AS none, 1 AS one', '{}', { one: 1 }],
    ['clientid() AS client, timestamp() AS at', '{}', { client: 'dock-client', at: 1_774_260_000_000 }],
    ['method', '{"method":"config"}', { method: 'config' }],
    ['data.file.name AS name', '{"data":{"file":{"name":"a.jpg"}}}', { name: 'a.jpg' }],
    ['data.file.name AS name', '{"data":null}', {}],
    ['data.0 AS zero', '{"data":[1]}', 'refused'],
    ['toString AS inherited, 1 AS one', '{}', { one: 1 }],
    ["'text' AS text, -1.5 AS number", '{}', { text: 'text', number: -1.5 }],
  ])('%s of %s is %j', (list, payload, event) => {
    if (event === 'refused') expect(() => select(list, payload)).toThrow('column');
    else expect(select(list, payload)).toEqual(event);
  });

  it('returns n/a for the client of a message that is not from MQTT', () => {
    expect(select('clientid() AS client', '{}', { clientId: undefined })).toEqual({ client: 'n/a' });
  });

  it('encodes text that is not JSON, and reads no attribute of it', () => {
    expect(select("encode(*, 'base64') AS payload", 'not json')).toEqual({ payload: 'bm90IGpzb24=' });
    expect(select('method', 'not json')).toBe('not-json');
    expect(select('*', 'not json')).toBe('not-json');
  });

  it('treats names of JavaScript as normal keys', () => {
    const event = select('*', '{"__proto__":{"polluted":true}}') as object;
    expect(Object.keys(event)).toEqual(['__proto__']);
    expect('polluted' in event).toBe(false);
  });
});

describe('WHERE', () => {
  it.each([
    ["method = 'config'", '{"method":"config"}', true],
    ["method = 'config'", '{"method":"other"}', false],
    ["method = 'config'", '{}', false],
    ["method = 'config'", '[{"method":"config"}]', false],
    ["method = 'config'", '"config"', false],
    ['data.module = 0', '{"data":{"module":0}}', true],
    ['data.module = 0', '{"data":{"module":"0"}}', false],
    ['data.module <> 0', '{"data":{"module":"0"}}', true],
    ["method <> 'config'", '{"method":"other"}', true],
    ["method <> 'config'", '{}', false],
    ["NOT method = 'config'", '{"method":"other"}', true],
    ["NOT method = 'config'", '{}', false],
    ['isUndefined(method)', '{}', true],
    ['isUndefined(method)', '[]', true],
    ['isUndefined(method)', '{"method":null}', false],
    ['isNull(method)', '{"method":null}', true],
    ['isNull(method)', '{}', false],
    ['NOT isUndefined(method)', '{"method":1}', true],
    ["topic(4) = 'events'", '{}', true],
    ['a = 1 AND b = 2 OR c = 3', '{"a":0,"b":0,"c":3}', true],
    ['a = 1 AND (b = 2 OR c = 3)', '{"a":0,"b":0,"c":3}', false],
    ['a = b', '{"a":{"x":1,"y":[2]},"b":{"y":[2],"x":1}}', true],
    ['flag AND a = 1', '{"flag":"TRUE","a":1}', true],
    ['flag AND a = 1', '{"flag":1,"a":1}', false],
  ])('%s of %s is %s', (condition, payload, expected) => {
    expect(matches(condition, payload)).toBe(expected);
  });

  it('is undefined when one side of OR or AND is, as AWS documents', () => {
    expect(matches("method = 'config' OR isUndefined(method)", '{"method":"config"}')).toBe(true);
    expect(matches("method = 'config' OR isUndefined(method)", '{}')).toBe(false);
    expect(matches("NOT (method = 'config' AND 1 = 2)", '{}')).toBe(false);
  });

  it('accepts keywords in any case', () => {
    expect(
      run("select 1 as one from 'thing/#' where a = 1 and not b = 2 or c = 3", '{"a":1,"b":1,"c":1}'),
    ).toEqual({
      kind: 'selected',
      event: { one: 1 },
    });
  });

  it('fails for text that is not JSON, unless it needs no attribute', () => {
    expect(run("SELECT 1 AS one FROM 'thing/#' WHERE isUndefined(method)", 'not json').kind).toBe('not-json');
    expect(run("SELECT 1 AS one FROM 'thing/#' WHERE topic(2) = 'product'", 'not json').kind).toBe(
      'selected',
    );
  });
});

describe('FROM', () => {
  it.each([
    ['thing/product/+/events', 'thing/product/A/events', true],
    ['thing/product/+/events', 'thing/product//events', true],
    ['thing/product/+/events', 'thing/product/A/B/events', false],
    ['thing/product/+/events', 'thing/product/A/events/', false],
    ['thing/#', 'thing/a/b', true],
    ['thing/#', 'thing/', true],
    ['thing/#', 'thing', false],
    ['thing/a', 'thing/a', true],
    ['thing/a', 'Thing/a', false],
    ['#', '$SYS/a', false],
    ['+/a', '$SYS/a', false],
  ])('%s with %s: %s', (filter, topic, expected) => {
    expect(parseRuleSql(`SELECT * FROM '${filter}'`).concerns(topic)).toBe(expected);
  });
});

describe('unsupported SQL', () => {
  it.each([
    ["SELECT * FROM 'a' WHERE b > 1", 'column 27: the local stack does not support >'],
    ["SELECT * FROM 'a' WHERE b LIKE 'c'", 'column 27: the local stack expects AND, OR or the end, not LIKE'],
    ["SELECT * FROM 'a' WHERE b IN c", 'column 27: the local stack expects AND, OR or the end, not IN'],
    ["SELECT * FROM 'a' WHERE b = ['c']", "column 29: the local stack does not support ['c']"],
    [
      "SELECT * FROM 'a' WHERE b = true",
      'column 29: the local stack expects an attribute, a function or a literal, not true',
    ],
    ['SELECT * FROM \'a\' WHERE b = "c"', 'column 29: the local stack does not support "c"'],
    ["SELECT * FROM 'a' WHERE b = 'it''s'", "column 29: the local stack does not support 'it''s'"],
    [
      "SELECT * FROM 'a' WHERE",
      'column 24: the local stack expects an attribute, a function or a literal, not the end',
    ],
    ["SELECT * FROM 'a' WHERE (b = 1", 'column 31: the local stack expects ), not the end'],
    ["SELECT * FROM 'a' GROUP BY b", 'column 19: the local stack expects WHERE or the end, not GROUP'],
    ['SELECT * FROM a', "column 15: the local stack expects a topic filter in '…', not a"],
    [
      "SELECT VALUE b FROM 'a'",
      'column 8: the local stack expects an attribute, a function or a literal, not VALUE',
    ],
    ["SELECT b.c FROM 'a'", 'column 12: the local stack expects AS and a name, not FROM'],
    ["SELECT topic(1) FROM 'a'", 'column 17: the local stack expects AS and a name, not FROM'],
    ["SELECT b, 1 AS b FROM 'a'", 'column 16: b is selected twice'],
    ["SELECT newuuid() AS id FROM 'a'", 'column 8: the local stack does not support the function newuuid'],
    ["SELECT Topic(1) AS id FROM 'a'", 'column 8: the local stack does not support the function Topic'],
    ["SELECT topic(0) AS id FROM 'a'", 'column 14: the local stack expects the number of a level, not 0'],
    ["SELECT encode(b, 'base64') AS c FROM 'a'", 'column 15: the local stack expects *, not b'],
    ["SELECT encode(*, 'hex') AS c FROM 'a'", "column 18: the local stack expects 'base64', not hex"],
    ["SELECT * FROM '$aws/rules/a'", "column 15: '$aws/rules/a': topics that begin with $ are reserved"],
    ["SELECT * FROM 'a/#/b'", "column 15: 'a/#/b': # is not the last level of the topic filter"],
    ["SELECT * FROM 'a/b+'", "column 15: 'a/b+': a wildcard in the topic filter is not alone in its level"],
    ["SELECT * FROM '1/2/3/4/5/6/7/8/9'", 'it has more than 7 slashes'],
    ['', 'column 1: the local stack expects SELECT, not the end'],
    ["SET @x = 1 SELECT * FROM 'a'", 'column 5: the local stack does not support @x'],
  ])('%s', (sql, reason) => {
    expect(() => parseRuleSql(sql)).toThrow(reason);
  });
});

it.each([
  "SELECT topic(3) AS sensor, encode(*, 'base64') AS payload FROM 'plant/line/+/readings' WHERE kind = 'temperature'",
  "SELECT topic(3) AS sensor, encode(*, 'base64') AS payload FROM 'plant/line/+/readings' WHERE isUndefined(kind)",
  "SELECT *, timestamp() AS received_at FROM 'plant/#'",
])('parses the whole rule %s', (sql) => {
  expect(
    parseRuleSql(sql).evaluate(message('{"kind":"temperature"}', { topic: 'plant/line/7/readings' }), {
      readable: true,
      value: { kind: 'temperature' },
    }).kind,
  ).toBe(sql.includes('isUndefined') ? 'no-match' : 'selected');
});
