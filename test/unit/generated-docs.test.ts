import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type InferOutput, parse } from 'valibot';
import { expect, expectTypeOf, test } from 'vitest';
import { EVENTS_FILE, EXAMPLES, eventsText } from '../../bin/docs/events.ts';
import { OPENAPI_FILE, openApiDocument, openApiText } from '../../bin/docs/openapi.ts';
import { README_FILE, withTables } from '../../bin/docs/readme.ts';
import type { LibraryEvents, LibraryEventType } from '../../functions/core/library-events.ts';
import { functionsOf } from '../../functions/manifest.ts';
import { EVENT_CONTRACTS } from '../../functions/protocol/library-events.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

test('docs/openapi.yaml says what the handlers validate; "npm run docs" writes it anew', () => {
  expect(readFileSync(OPENAPI_FILE, 'utf8')).toBe(openApiText());
});

test('every route stands in the document', () => {
  const { paths } = openApiDocument() as { paths: Record<string, Record<string, unknown>> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routes = functionsOf('http')
    .filter(({ name }) => name !== 'preflight' && name !== 'unknown-route')
    .flatMap(({ trigger }) => trigger.contract.routes);
  expect(described.sort()).toEqual([...routes].sort());
});

test('docs/events.md has the schemas of the events; "npm run docs" writes it anew', () => {
  expect(readFileSync(EVENTS_FILE, 'utf8')).toBe(eventsText());
});

test('the examples in docs/events.md fit their schemas, and the schemas the types', () => {
  for (const [type, { detail }] of Object.entries(EVENT_CONTRACTS))
    expect(parse(detail, EXAMPLES[type as LibraryEventType])).toEqual(EXAMPLES[type as LibraryEventType]);

  type Details = { [Type in LibraryEventType]: InferOutput<(typeof EVENT_CONTRACTS)[Type]['detail']> };
  type ReadonlyDeep<Value> = Value extends object
    ? { readonly [Name in keyof Value]: ReadonlyDeep<Value[Name]> }
    : Value;
  expectTypeOf<ReadonlyDeep<Details>>().toEqualTypeOf<ReadonlyDeep<LibraryEvents>>();
});

test('the tables of README.md are those of the manifest, and its example is a test that runs; "npm run docs" writes them anew', () => {
  const readme = readFileSync(README_FILE, 'utf8');
  expect(readme).toBe(withTables(readme));
});

test('the table of docs/architecture.md names every folder', () => {
  const ignored = readFileSync(join(PROJECT, '.gitignore'), 'utf8').split('\n');
  const foldersIn = (folder: string): string[] =>
    readdirSync(join(PROJECT, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .filter((name) => name !== '.git' && !ignored.includes(`${name}/`));
  const architecture = readFileSync(join(PROJECT, 'docs', 'architecture.md'), 'utf8');
  const table = architecture.slice(
    architecture.indexOf('| folder |'),
    architecture.indexOf('Imports between'),
  );
  const named = Array.from(table.matchAll(/`([.\w-]+(?:\/[\w-]+)*)`/g), ([, name = '']) => name);
  const topNamed = named.map((name) => name.split('/')[0]);
  const functionFolders = foldersIn('functions').map((name) => `functions/${name}`);
  expect(functionFolders.filter((folder) => !named.includes(folder))).toEqual([]);
  expect(foldersIn('.').filter((folder) => !topNamed.includes(folder))).toEqual([]);
});

test('the documents name only files that exist', () => {
  const documents = globSync('{*.md,docs/**/*.md,bench/*.md,packages/*/*.md}', { cwd: PROJECT });
  const missing = documents.flatMap((document) => {
    const text = readFileSync(join(PROJECT, document), 'utf8');
    const named = [
      ...Array.from(text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|md|yaml))`/g), ([, path = '']) => path),
      ...Array.from(text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g), ([, path = '']) =>
        join(dirname(document), path),
      ),
    ];
    const known = (path: string) =>
      [path, join(dirname(document), path)].some((name) => existsSync(join(PROJECT, name)));
    return named.filter((path) => !known(path)).map((path) => `${document}: ${path}`);
  });
  expect(missing).toEqual([]);
});
