import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Which part imports which, with types. New imports between parts must be added here. Circles fail.
 */
const GRAPH = `
admin → functions/adapters, functions/core
bench → devices, functions/adapters, functions/core, functions/environment.ts, functions/manifest.ts, functions/protocol, lib, local, packages/local-aws
bin → admin, devices, functions/core, functions/manifest.ts, functions/protocol, lib, local
devices → functions/core, functions/protocol, packages/local-aws
fakes → functions/adapters, functions/core, functions/ports.ts, functions/protocol
functions/adapters → functions/core, functions/protocol
functions/dock → functions/core, functions/middleware, functions/ports.ts, functions/protocol, functions/telemetry.ts
functions/http → functions/core, functions/middleware, functions/ports.ts, functions/protocol
functions/manifest.ts → functions/protocol
functions/middleware → functions/core, functions/environment.ts, functions/protocol, functions/telemetry.ts
functions/ports.ts → functions/adapters, functions/core, functions/environment.ts, functions/protocol
functions/protocol → functions/core
functions/storage → functions/core, functions/middleware, functions/ports.ts, functions/protocol
lib → functions/adapters, functions/environment.ts, functions/manifest.ts, functions/protocol, functions/telemetry.ts
local → admin, devices, fakes, functions/adapters, functions/core, functions/environment.ts, functions/manifest.ts, lib, packages/local-aws
`;

const PROJECT = join(import.meta.dirname, '../..');
const FOLDERS = ['admin', 'bin', 'bench', 'devices', 'fakes', 'functions', 'lib', 'local', 'packages', 'web'];

/** Imports, exports and dynamic imports of other files, types included. */
const IMPORT = /(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'(\.{1,2}\/[^']+\.(?:ts|tsx|mjs))'/gm;

/** What each file imports, from the project's root. */
const imports = new Map(
  globSync(`{${FOLDERS.join(',')}}/**/*.{ts,tsx}`, {
    cwd: PROJECT,
    exclude: (path) => path.includes('node_modules') || /^packages\/[^/]+\/test$/.test(path),
  }).map((file): [string, string[]] => [
    file,
    [...readFileSync(join(PROJECT, file), 'utf8').matchAll(IMPORT)].map(([, target = '']) =>
      join(dirname(file), target),
    ),
  ]),
);

/**
 * The part of the project that a file belongs to: a folder, one in `functions/` or `packages/`, or a single
 * file.
 */
const partOf = (file: string): string => /^(?:functions|packages)\/[^/]+|^[^/]+/.exec(file)?.[0] ?? file;

/** Which parts each part imports. */
const graph = new Map<string, Set<string>>();
for (const [file, targets] of imports)
  for (const target of targets) {
    const [from, to] = [partOf(file), partOf(target)];
    if (from !== to) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  }

/** The first way from a node back to itself. */
function circleIn(edges: ReadonlyMap<string, Iterable<string>>): string[] | undefined {
  const left = new Set<string>();
  const way: string[] = [];
  const walk = (node: string): string[] | undefined => {
    if (left.has(node)) return undefined;
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    way.push(node);
    for (const next of edges.get(node) ?? []) {
      const circle = walk(next);
      if (circle) return circle;
    }
    way.pop();
    left.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const circle = walk(node);
    if (circle) return circle;
  }
  return undefined;
}

const told = (): string =>
  [...graph]
    .map(([from, to]) => `${from} → ${[...to].sort().join(', ')}`)
    .sort()
    .join('\n');

describe('the imports', () => {
  it('are found', () => {
    expect(imports.size).toBeGreaterThan(300);
    expect(
      circleIn(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b']);
  });

  it('between the parts go one way, and are these', () => {
    console.log(told());
    expect(circleIn(graph)).toBeUndefined();
    expect(told()).toBe(GRAPH.trim());
  });

  it('between files never come back', () => {
    expect(circleIn(imports)).toBeUndefined();
  });
});
