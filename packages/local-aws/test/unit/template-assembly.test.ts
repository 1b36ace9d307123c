import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readAssembly } from '../../template/assembly.ts';

const folder = mkdtempSync(join(tmpdir(), 'assembly-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An assembly with these stacks and one asset, as CDK writes it. */
function assembly(name: string, stacks: Readonly<Record<string, object>>): string {
  const directory = join(folder, name);
  mkdirSync(join(directory, 'asset.abc'), { recursive: true });
  const write = (file: string, value: unknown) => writeFileSync(join(directory, file), JSON.stringify(value));
  const artifacts: Record<string, object> = {
    Assets: { type: 'cdk:asset-manifest', properties: { file: 'assets.json' } },
  };
  for (const [id, artifact] of Object.entries(stacks)) {
    write(`${id}.template.json`, { Description: id });
    artifacts[id] = {
      type: 'aws:cloudformation:stack',
      properties: { templateFile: `${id}.template.json` },
      ...artifact,
    };
  }
  write('assets.json', {
    files: { abc: { source: { path: 'asset.abc' }, destinations: { here: { objectKey: 'abc.zip' } } } },
  });
  write('manifest.json', { artifacts });
  return directory;
}

it('reads template and assets of the only stack', () => {
  const read = readAssembly(
    assembly('one', { Shop: { environment: 'aws://unknown-account/unknown-region' } }),
  );
  expect(read).toMatchObject({ stackName: 'Shop', template: { Description: 'Shop' } });
  expect([read.accountId, read.region]).toEqual([undefined, undefined]);
  expect(read.assetPath('abc.zip')).toMatch(/asset\.abc$/);
  expect(() => read.assetPath('other.zip')).toThrow('no asset other.zip');
});

it('reads the account and the region of the stack', () => {
  const directory = assembly('placed', { Shop: { environment: 'aws://111122223333/eu-west-1' } });
  expect(readAssembly(directory)).toMatchObject({ accountId: '111122223333', region: 'eu-west-1' });
});

it('reads one of several stacks by its name, and requires the name', () => {
  const directory = assembly('several', { Shop: {}, Depot: {} });
  expect(readAssembly(directory, 'Depot').template).toEqual({ Description: 'Depot' });
  expect(() => readAssembly(directory)).toThrow('the assembly has Shop, Depot');
  expect(() => readAssembly(directory, 'Office')).toThrow('no stack Office: it has Shop, Depot');
});
