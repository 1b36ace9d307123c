import { describe, expect, it } from 'vitest';
import { type AttributeValue, itemSizeInBytes, sameValue } from '../../dynamodb/item.ts';

describe('the size of a value, without its name', () => {
  const sizes: [AttributeValue, number][] = [
    [{ S: '' }, 0],
    [{ S: 'abc' }, 3],
    [{ S: '上云' }, 6],
    [{ S: '🛩' }, 4],
    [{ B: 'AAEC' }, 3],
    [{ N: '0' }, 1],
    [{ N: '7' }, 2],
    [{ N: '12' }, 2],
    [{ N: '123' }, 3],
    [{ N: '-12' }, 3],
    [{ N: '100' }, 2],
    [{ N: '1000' }, 2],
    [{ N: '1.2' }, 3],
    [{ N: '12.34' }, 3],
    [{ N: '0.0012' }, 2],
    [{ N: '12345678901234567890123456789012345678' }, 20],
    [{ BOOL: false }, 1],
    [{ NULL: true }, 1],
    [{ SS: ['a', 'ü'] }, 3],
    [{ NS: ['1', '23'] }, 4],
    [{ BS: ['AAEC', 'AA=='] }, 4],
    [{ L: [] }, 3],
    [{ L: [{ S: 'ab' }, { BOOL: true }] }, 3 + 2 + 2 + 1],
    [{ M: {} }, 3],
    [{ M: { ab: { S: 'c' }, d: { N: '1' } } }, 3 + 2 + 3 + 3],
  ];

  it.each(sizes)('%j is %i bytes', (value, size) => {
    expect(itemSizeInBytes({ name: value })).toBe('name'.length + size);
  });

  it('includes its name in UTF-8', () => {
    expect(itemSizeInBytes({ größe: { S: '' } })).toBe(7);
  });
});

describe('equality of two values', () => {
  it.each([
    [{ S: 'a' }, { S: 'a' }],
    [{ SS: ['a', 'b'] }, { SS: ['b', 'a'] }],
    [
      { M: { a: { L: [{ N: '1' }] }, b: { NULL: true } } },
      { M: { b: { NULL: true }, a: { L: [{ N: '1' }] } } },
    ],
  ])('holds for %j and %j', (left, right) => {
    expect(sameValue(left, right)).toBe(true);
  });

  it.each([
    [{ S: '1' }, { N: '1' }],
    [{ S: 'a' }, undefined],
    [{ SS: ['a'] }, { SS: ['a', 'b'] }],
    [{ L: [{ S: 'a' }, { S: 'b' }] }, { L: [{ S: 'b' }, { S: 'a' }] }],
    [{ M: { a: { S: 'x' } } }, { M: { b: { S: 'x' } } }],
    [{ M: {} }, { M: { a: { S: 'x' } } }],
  ])('does not hold for %j and %j', (left, right) => {
    expect(sameValue(left, right)).toBe(false);
    expect(sameValue(right, left)).toBe(false);
  });
});
