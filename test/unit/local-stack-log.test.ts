import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { complaintOf, StackLog } from '../../local/stack-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'stack-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

const failure = (requestId: string) => ({
  source: 'login',
  line: JSON.stringify({
    level: 'ERROR',
    requestId,
    errorType: 'TypeError',
    errorMessage: 'no\ngood',
    stackTrace: [],
  }),
  level: 'error' as const,
});

describe('complaints', () => {
  it.each([
    [failure('r1'), 'login: TypeError: no good'],
    [
      {
        source: 'sts',
        line: '{"level":"ERROR","message":"failed","error":{"name":"Timeout","message":"late"}}',
      },
      'sts: failed: Timeout: late',
    ],
    [{ source: 's3', line: 'the disk is full', level: 'error' as const }, 's3: the disk is full'],
  ])('are one short line', (entry, text) => {
    expect(complaintOf(entry)?.text).toBe(text);
  });

  it.each([
    { source: 'login', line: '{"level":"INFO","message":"handled"}' },
    { source: 'login', line: '{ not json' },
    { source: 'access', line: '{"status":"500"}' },
  ])('are not made for %j', (entry) => {
    expect(complaintOf(entry)).toBeUndefined();
  });

  it('are truncated', () => {
    expect(complaintOf({ source: 's', line: 'x'.repeat(1000), level: 'error' })?.text.length).toBeLessThan(
      210,
    );
  });
});

describe('the log of the stack', () => {
  it('has every line, also those before its folder was known, and complains once about a failure', async () => {
    const told: string[] = [];
    const log = new StackLog((line) => told.push(line));
    log.log({ source: 'login', line: '{"level":"ERROR","message":"failed","function_request_id":"r1"}' });
    log.log(failure('r1'));
    const path = log.open(folder);
    log.log(failure('r2'));
    log.log({ source: 'access', line: 'GET /' });
    log.quiet();
    log.log({ source: 's3', line: 'stopping', level: 'error' });
    await log.close();
    expect(told).toEqual(['login: failed', 'login: TypeError: no good']);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[3]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z access GET \/$/);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
  });

  it('is rotated when it is too large', async () => {
    const path = join(folder, 'stack.log');
    writeFileSync(path, 'old');
    truncateSync(path, 21 * 1024 * 1024);
    const log = new StackLog(() => {});
    log.open(folder);
    log.log({ source: 'a', line: 'new' });
    await log.close();
    expect(readFileSync(path, 'utf8')).toMatch(/ a new\n$/);
    expect(statSync(`${path}.1`).size).toBe(21 * 1024 * 1024);
  });
});
