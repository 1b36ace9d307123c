import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../bench/seeded-random.ts';

const numbers = (random: SeededRandom) => Array.from({ length: 1000 }, () => random.integer(1, 6));

describe('random choices of a seed', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(numbers(new SeededRandom('one'))).toEqual(numbers(new SeededRandom('one')));
    expect(numbers(new SeededRandom('one'))).not.toEqual(numbers(new SeededRandom('two')));
  });

  it('do not depend on how often a fork was asked', () => {
    const random = new SeededRandom('one');
    numbers(random.fork('other'));
    expect(numbers(random)).toEqual(numbers(new SeededRandom('one')));
    expect(numbers(random.fork('other'))).not.toEqual(numbers(new SeededRandom('one')));
  });

  it('reach both ends', () => {
    expect([...new Set(numbers(new SeededRandom('one')))].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('follow weights', () => {
    const random = new SeededRandom('one');
    const weights = new Map([
      ['never', 0],
      ['always', 1],
    ]);
    expect(Array.from({ length: 100 }, () => random.pick(weights))).not.toContain('never');
    expect(() => random.oneOf([])).toThrow('nothing to choose from');
  });

  it('give bytes like no others', () => {
    const random = new SeededRandom('one');
    expect(random.bytes(32)).not.toEqual(random.bytes(32));
    expect(new SeededRandom('one').bytes(32)).toEqual(new SeededRandom('one').bytes(32));
  });
});
