import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const BENCH = join(import.meta.dirname, '..', '..', 'bench');

const bench = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(BENCH, 'run.ts'), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

const listedNames = (text: string): string[] =>
  [...text.matchAll(/^ {2}(\S+) {2,}\S/gm)].map(([, name]) => name ?? '');

describe('npm run bench', () => {
  it('lists every benchmark when no name is given, each with a description', () => {
    const { status, stdout } = bench();
    expect(status).toBe(0);
    const names = listedNames(stdout);
    expect(names).toContain('round-trips');
    expect(names.filter((name) => !existsSync(join(BENCH, `${name}.ts`)))).toEqual([]);
  });

  it('lists the benchmarks of bench/README.md', () => {
    const readme = readFileSync(join(BENCH, 'README.md'), 'utf8');
    const described = [...readme.matchAll(/^\| `npm run bench -- (\S+)` \|/gm)].map(([, name]) => name);
    expect(described).toEqual(listedNames(bench().stdout));
  });

  it('refuses an unknown name, and lists the known ones', () => {
    const { status, stderr } = bench('tea');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^There is no benchmark "tea"\./);
    expect(listedNames(stderr)).toEqual(listedNames(bench().stdout));
  });

  it('passes arguments and the exit code on', () => {
    const { status, stderr } = bench('upload-memory', '--colour');
    expect(status).not.toBe(0);
    expect(stderr).toContain("Unknown option '--colour'");
  });
});
