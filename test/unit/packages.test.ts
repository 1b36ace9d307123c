import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const PROJECT = join(import.meta.dirname, '..', '..');

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

const readJson = <Content>(name: string): Content => JSON.parse(readFileSync(join(PROJECT, name), 'utf8'));

/** The packages that a program loads, wherever in its sources. */
async function packagesOf(entryPoint: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: PROJECT,
    entryPoints: [entryPoint],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
    outdir: '.build',
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  const names = imports
    .filter(({ path, external }) => external && !path.startsWith('node:'))
    .map(({ path }) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path);
  return [...new Set(names)].sort();
}

describe('the packages of the project', () => {
  it('need no warning of npm on the Node of the project', () => {
    const { status, stderr } = spawnSync(
      'npm',
      ['ci', '--dry-run', '--offline', '--ignore-scripts', '--no-audit', '--loglevel=warn'],
      {
        cwd: PROJECT,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` },
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('are not deprecated by their authors', () => {
    const { packages } = readJson<{ packages: Record<string, { deprecated?: string }> }>('package-lock.json');
    expect(Object.keys(packages).length).toBeGreaterThan(100);
    expect(Object.keys(packages).filter((name) => packages[name]?.deprecated)).toEqual([]);
  });

  it('have exact versions', () => {
    const { dependencies, devDependencies } = readJson<Manifest>('package.json');
    const versions = Object.values({ ...dependencies, ...devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('run on the Node of .nvmrc and engines', () => {
    const { dependencies, engines } = readJson<Manifest & { engines: { node: string } }>('package.json');
    const major = readFileSync(join(PROJECT, '.nvmrc'), 'utf8').trim();
    expect(dependencies['node']).toMatch(new RegExp(`^${major}\\.`));
    expect(engines.node).toBe(`${major}.x`);
    const version = execFileSync(join(PROJECT, 'node_modules', '.bin', 'node'), ['--version'], {
      encoding: 'utf8',
    });
    expect(version.trim()).toBe(`v${dependencies['node']}`);
  });

  it.each(['media-library', 'admin', 'pilot', 'dock'])(
    'include all that bin/%s.ts needs after npm ci --omit=dev',
    async (name) => {
      const { dependencies } = readJson<Manifest>('package.json');
      const needed = await packagesOf(`bin/${name}.ts`);
      expect(needed).not.toEqual([]);
      expect(needed.filter((needs) => !(needs in dependencies))).toEqual([]);
    },
  );

  it('include the command line of CDK and the Node that runs it after npm ci --omit=dev', () => {
    const { dependencies } = readJson<Manifest>('package.json');
    expect(dependencies).toMatchObject({ 'aws-cdk': expect.any(String), node: expect.any(String) });
  });
});
