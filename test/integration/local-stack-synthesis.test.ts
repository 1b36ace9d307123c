import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { synthesise } from '../../local/synthesis.ts';

const folder = mkdtempSync(join(tmpdir(), 'local-synthesis-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An app that writes an assembly as CDK does, and counts how often it ran. */
const APP = `
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
const directory: string = process.env['CDK_OUTDIR'] ?? '';
appendFileSync('runs', 'x');
await new Promise((resolve) => setTimeout(resolve, 200));
mkdirSync(directory + '/asset.abc', { recursive: true });
const write = (file: string, value: unknown) => writeFileSync(directory + '/' + file, JSON.stringify(value));
write('Stack.template.json', { Description: process.env['CDK_CONTEXT_JSON'] });
write('Stack.assets.json', { files: { abc: { source: { path: 'asset.abc' }, destinations: { here: { objectKey: 'abc.zip' } } } } });
write('manifest.json', { artifacts: {
  Stack: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Stack.template.json' } },
  'Stack.assets': { type: 'cdk:asset-manifest', properties: { file: 'Stack.assets.json' } },
} });
`;

function project(name: string, app = APP): string {
  const directory = join(folder, name);
  for (const sub of ['bin', 'lib', 'functions/http']) mkdirSync(join(directory, sub), { recursive: true });
  writeFileSync(join(directory, 'bin/media-library.ts'), app);
  writeFileSync(join(directory, 'cdk.json'), JSON.stringify({ context: { greeting: 'hello' } }));
  writeFileSync(join(directory, 'functions/http/login.ts'), 'export const handler = 1;');
  return directory;
}

const runsOf = (directory: string) => readFileSync(join(directory, 'runs'), 'utf8').length;

describe('synthesis', () => {
  it('runs the app with its context', async () => {
    const directory = await synthesise({ projectDirectory: project('read') });
    const template = JSON.parse(readFileSync(join(directory, 'Stack.template.json'), 'utf8'));
    expect(template).toEqual({ Description: '{"greeting":"hello"}' });
  });

  it('adds keys to the configuration, and keeps an assembly for each', async () => {
    const projectDirectory = project('configured');
    const own = { context: { 'media-library': { logLevel: 'WARN', mqttAddress: '' } } };
    writeFileSync(join(projectDirectory, 'cdk.json'), JSON.stringify(own));
    const contextOf = (directory: string) =>
      JSON.parse(JSON.parse(readFileSync(join(directory, 'Stack.template.json'), 'utf8')).Description);
    const plain = await synthesise({ projectDirectory });
    const configured = await synthesise({ projectDirectory, configuration: { logLevel: 'DEBUG' } });
    expect(contextOf(plain)).toEqual(own.context);
    expect(contextOf(configured)).toEqual({ 'media-library': { logLevel: 'DEBUG', mqttAddress: '' } });
    expect(await synthesise({ projectDirectory })).toBe(plain);
  });

  it('runs the app again only when a source changes, and keeps each assembly', async () => {
    const projectDirectory = project('cached');
    const login = join(projectDirectory, 'functions/http/login.ts');
    const first = await synthesise({ projectDirectory });
    expect(await synthesise({ projectDirectory })).toBe(first);
    expect(runsOf(projectDirectory)).toBe(1);
    writeFileSync(login, 'export const handler = 2;');
    expect(await synthesise({ projectDirectory })).not.toBe(first);
    expect(runsOf(projectDirectory)).toBe(2);
    writeFileSync(join(projectDirectory, 'functions/http/new.ts'), '');
    await synthesise({ projectDirectory });
    expect(runsOf(projectDirectory)).toBe(3);
    rmSync(join(projectDirectory, 'functions/http/new.ts'));
    writeFileSync(login, 'export const handler = 1;');
    expect(await synthesise({ projectDirectory })).toBe(first);
    expect(runsOf(projectDirectory)).toBe(3);
  });

  it('runs the app once for concurrent callers, in other processes too', async () => {
    const projectDirectory = project('together');
    const module = fileURLToPath(new URL('../../local/synthesis.ts', import.meta.url));
    const code = `import { synthesise } from ${JSON.stringify(module)}; await synthesise({ projectDirectory: ${JSON.stringify(projectDirectory)} });`;
    const others = [1, 2].map(() =>
      spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'inherit' }),
    );
    const exits = others.map(async (child) => (await once(child, 'close'))[0]);
    await Promise.all([synthesise({ projectDirectory }), synthesise({ projectDirectory })]);
    expect(await Promise.all(exits)).toEqual([0, 0]);
    expect(runsOf(projectDirectory)).toBe(1);
  });

  it('reports the output of the app when it fails, keeps nothing, and tries again', async () => {
    const failing = `console.error('media-library.lifecycle: unknown key "expire"'); process.exit(1);`;
    const projectDirectory = project('failing', failing);
    await expect(synthesise({ projectDirectory })).rejects.toThrow(
      'media-library.lifecycle: unknown key "expire"',
    );
    expect(readdirSync(join(projectDirectory, '.build/assembly'))).toEqual([]);
    writeFileSync(join(projectDirectory, 'bin/media-library.ts'), APP);
    await synthesise({ projectDirectory });
  });

  it('deletes assemblies that were not used for a week', async () => {
    const projectDirectory = project('swept');
    const old = await synthesise({ projectDirectory });
    const weekAgo = new Date(Date.now() - 8 * 24 * 3600 * 1000);
    utimesSync(old, weekAgo, weekAgo);
    writeFileSync(join(projectDirectory, 'cdk.json'), '{}');
    const current = await synthesise({ projectDirectory });
    expect(readdirSync(join(projectDirectory, '.build/assembly'))).toEqual([current.split('/').at(-1)]);
  });
});
