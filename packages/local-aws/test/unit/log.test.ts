import { expect, it } from 'vitest';
import { type LogEntry, singleLines } from '../../log.ts';

const logged = (line: string): LogEntry | undefined => {
  const entries: LogEntry[] = [];
  singleLines((entry) => entries.push(entry))({ source: 'iot', line, level: 'error' });
  expect(entries).toHaveLength(1);
  return entries[0];
};

it.each([
  ['client a\nclient b is admitted', 'client a\\u000aclient b is admitted'],
  ['a\r\nb', 'a\\u000d\\u000ab'],
  ['\u001b[2Jgone', '\\u001b[2Jgone'],
  ['a\u0000b\u007fc\u009bd', 'a\\u0000b\\u007fc\\u009bd'],
  ['a\u0085b\u2028c\u2029d', 'a\\u0085b\\u2028c\\u2029d'],
])('%j is one printable line', (line, escaped) => {
  expect(logged(line)).toEqual({ source: 'iot', line: escaped, level: 'error' });
});

it.each(['', 'plain', 'tab\tseparated', 'a \\n that was written out', '屋顶 🛸 é', '{"level":"INFO"}'])(
  '%j stays as it is',
  (line) => {
    expect(logged(line)?.line).toBe(line);
  },
);
