import { describe, expect, it } from 'vitest';
import { topicFilterProblem, topicMatcher, topicProblem } from '../../iot/topic.ts';

describe('a topic', () => {
  it.each(['a', 'a/b', '/', '1/2/3/4/5/6/7/8', 'ü'.repeat(128), 'a b'])('may be %s', (topic) => {
    expect(topicProblem(topic)).toBeUndefined();
  });

  it.each([
    ['', 'the topic is empty'],
    ['a/+', 'the topic holds a wildcard or a null character'],
    ['a/#', 'the topic holds a wildcard or a null character'],
    ['a\0', 'the topic holds a wildcard or a null character'],
    ['$aws/things/a', 'topics that begin with $ are reserved'],
    ['1/2/3/4/5/6/7/8/9', 'it has more than 7 slashes'],
    [`ü${'a'.repeat(255)}`, 'it is over 256 bytes long'],
  ])('may not be %j: %s', (topic, problem) => {
    expect(topicProblem(topic)).toBe(problem);
  });
});

describe('a topic filter', () => {
  it.each(['a', '#', '+', '+/+/#', 'a/+/b', '/+'])('may be %s', (filter) => {
    expect(topicFilterProblem(filter)).toBeUndefined();
  });

  it.each(['', 'a#', 'a/b+', '#/a', '+a/b', 'a\0', '$share/group/a', '1/2/3/4/5/6/7/8/9', 'a'.repeat(257)])(
    'may not be %j',
    (filter) => {
      expect(topicFilterProblem(filter)).toEqual(expect.any(String));
    },
  );

  it.each([
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a/b/d', false],
    ['a/+', 'a', false],
    ['+/b', '/b', true],
    ['a/b/#', 'a/b', false],
    ['a/b/#', 'a/b/c/d', true],
    ['#', 'a/b', true],
    ['#', '$a', false],
  ])('%s and the topic %s: %s', (filter, topic, expected) => {
    expect(topicMatcher(filter)(topic)).toBe(expected);
  });
});
