import { describe, expect, it } from 'vitest';
import { validate } from '../../dynamodb/dynalite.ts';

interface Parsed {
  readonly _updates: object;
  readonly _condition: object;
}

/** What is parsed of an UpdateItem of one attribute. */
const update = (expressions: Readonly<Record<string, unknown>>): Parsed =>
  validate('UpdateItem', {
    TableName: 'readings',
    Key: { station: { S: 'roof' } },
    ...expressions,
  }) as Parsed;

const counted = (value: object, names: Readonly<Record<string, string>> = { '#count': 'count' }) =>
  update({
    UpdateExpression: 'SET #count = if_not_exists(#count, :start) + :start',
    ConditionExpression: 'station = :start OR attribute_not_exists(#count)',
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: { ':start': value },
  });

describe('a cached expression', () => {
  it('has the values and the names of the request', () => {
    const first = counted({ N: '1' });
    const second = counted({ N: '22' });
    const third = counted({ N: '1' }, { '#count': 'total' });
    expect(JSON.stringify(first._updates)).toContain('{"N":"1"}');
    expect(JSON.stringify(second)).not.toContain('{"N":"1"}');
    expect(JSON.stringify(second._updates)).toBe(
      JSON.stringify(first._updates).replaceAll('{"N":"1"}', '{"N":"22"}'),
    );
    expect(JSON.stringify(third._condition)).toBe(
      JSON.stringify(first._condition).replaceAll('count', 'total'),
    );
  });

  it('shares nothing with the previous request', () => {
    const first = counted({ N: '5' });
    const before = JSON.stringify(first._updates);
    Object.assign(counted({ N: '5' })._updates, { paths: [], sections: [] });
    expect(JSON.stringify(counted({ N: '5' })._updates)).toBe(before);
  });

  it('is refused for a value of another type', () => {
    counted({ N: '1' });
    expect(() => counted({ S: '1' })).toThrow('Incorrect operand type for operator or function');
    expect(counted({ N: '1' })._updates).toBeDefined();
  });

  it('is refused for an unused name or value', () => {
    counted({ N: '1' });
    expect(() => counted({ N: '1' }, { '#count': 'count', '#other': 'other' })).toThrow(
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#other}',
    );
    expect(() => counted({ N: '1' }, {})).toThrow('ExpressionAttributeNames must not be empty');
    expect(() => counted({ N: '1' }, { '#other': 'count' })).toThrow('attribute name: #count');
  });

  it('is refused again when it is wrong', () => {
    for (const attempt of [1, 2]) {
      expect(() => update({ UpdateExpression: 'SET a' }), `${attempt}`).toThrow('Syntax error');
    }
  });

  it.each([
    [
      'BETWEEN',
      'a BETWEEN :low AND :high',
      { ':low': { N: '1' }, ':high': { N: '2' } },
      { ':low': { N: '2' }, ':high': { N: '1' } },
    ],
    ['attribute_type', 'attribute_type(a, :type)', { ':type': { S: 'N' } }, { ':type': { S: 'number' } }],
  ])('has its values checked where %s uses them', (_what, ConditionExpression, good, bad) => {
    const condition = (ExpressionAttributeValues: object) =>
      update({ UpdateExpression: 'REMOVE a', ConditionExpression, ExpressionAttributeValues });
    expect(condition(good)._condition).toBeDefined();
    expect(() => condition(bad)).toThrow('Invalid ConditionExpression');
  });
});
