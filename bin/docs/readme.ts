import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  entryFileOf,
  type FunctionRow,
  functionsOf,
  MANIFEST,
  type RowOf,
} from '../../functions/manifest.ts';
import { topicOf } from '../../functions/protocol/topics.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

export const README_FILE = join(PROJECT, 'README.md');

const fileOf = (row: FunctionRow): string => `\`${entryFileOf(row)}\``;

/** `POST /path` (also `GET`): routes that differ only in their method share a row. */
function routesOf({ trigger: { contract } }: RowOf<'http'>): string {
  const [first = '', ...others] = contract.routes;
  if (first === '$default') return 'anything else';
  if (first.startsWith('OPTIONS ')) return '`OPTIONS` of any path';
  const [, path] = first.split(' ');
  const told = others.map((route) => {
    const [verb, other] = route.split(' ');
    return other === path ? `also \`${verb}\`` : `\`${route}\``;
  });
  return `\`${first}\`${told.length > 0 ? ` (${told.join(', ')})` : ''}`;
}

const routeRow = (row: RowOf<'http'>): string =>
  `| ${routesOf(row)} | ${fileOf(row)} | ${row.document ?? (row.api ? 'ours' : row.does)} |`;

function methodRow(row: FunctionRow): string[] {
  const { trigger } = row;
  if (trigger.kind === 'mqtt') {
    const { method, channel } = trigger.contract;
    const name = method === undefined ? 'any other, with `need_reply`' : `\`${method}\``;
    return [`| ${name} | \`${topicOf('{sn}', channel)}\` | ${fileOf(row)} |`];
  }
  if (trigger.kind === 'mqtt-unnamed')
    return [`| none, in JSON | any of these | ${fileOf(row)}: a log line and a metric, no reply |`];
  if (trigger.kind === 'mqtt-sign-in') return [`| sign-in | | ${fileOf(row)} |`];
  return [];
}

/** Functions that no device calls. */
function otherRow(row: FunctionRow): string[] {
  const { kind } = row.trigger;
  return kind === 'http' || kind.startsWith('mqtt') ? [] : [`| ${fileOf(row)} | ${row.does} |`];
}

const table = (heads: readonly string[], rows: readonly string[]): string =>
  [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---|').join('')}`, ...rows].join('\n');

/** The tables of README.md, by their headings. */
const TABLES = [
  table(['route', 'function', "DJI's document"], functionsOf('http').map(routeRow)),
  table(['MQTT method', 'topic', 'function'], MANIFEST.flatMap(methodRow)),
  table(['other functions', ''], MANIFEST.flatMap(otherRow)),
];

/** The test that README.md shows. It runs with all other tests. */
const EXAMPLE_FILE = 'test/unit/handler-example.test.ts';

function withExample(readme: string): string {
  const [start, end] = ['```ts\n', '```\n'];
  const from = readme.indexOf(start) + start.length;
  const to = readme.indexOf(end, from);
  if (from < start.length || to < 0) throw new Error(`README.md has no ${start}`);
  return readme.slice(0, from) + readFileSync(join(PROJECT, EXAMPLE_FILE), 'utf8') + readme.slice(to);
}

/** The text with new tables and a new example. Throws when one of them is missing. */
export function withTables(readme: string): string {
  return TABLES.reduce((text, made) => {
    const [heads = ''] = made.split('\n');
    const start = text.indexOf(`${heads}\n`);
    if (start < 0) throw new Error(`README.md has no table that begins with ${heads}`);
    const end = text.indexOf('\n\n', start);
    return text.slice(0, start) + made + text.slice(end);
  }, withExample(readme));
}
