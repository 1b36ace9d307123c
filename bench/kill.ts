/**
 * Kills the local stack, two uploaders and a dock player at random moments, a hundred times in all, while requests to
 * S3, DynamoDB, STS, SQS, AWS IoT and the API are throttled, refused, dropped and slow. Then it compares the cards with
 * the bucket's versions, the catalog and the flights, and again after `reconcile` on an emptied table. The exit code is
 * 1 when anything is wrong.
 *
 * `npm run bench -- kill [kills] [seed]`: a seed repeats the choices of an earlier run.
 */
import { randomBytes } from 'node:crypto';
import { countFindings, type Findings } from './kill/comparison.ts';
import { runKillTest } from './kill/kill-test.ts';
import { keepFolder, scratchFolder } from './scratch.ts';
import { formatMilliseconds, machineLine, printTable } from './statistics.ts';

/** Of all requests: most calls of functions are repeated by the SDK, twice. */
const FAULT_RATE = 0.12;
const LISTED = 20;

const kills = Number(process.argv[2] ?? 100);
const seed = process.argv[3] ?? randomBytes(4).toString('hex');
if (!Number.isInteger(kills) || kills < 0) throw new Error(`"${process.argv[2]}" is not a number of kills`);
const folder = scratchFolder('kill');
console.log(`${machineLine()}\n${kills} kills, seed ${seed}`);

const startedAt = performance.now();
const outcome = await runKillTest({
  seed,
  kills,
  folder,
  cardSize: { mostFlights: 3, mostFiles: 8, videos: 0.06 },
  faultRate: FAULT_RATE,
  say: (line) => console.log(`${formatMilliseconds(performance.now() - startedAt)}  ${line}`),
});

console.log(
  `\nKilled and disturbed for ${formatMilliseconds(performance.now() - startedAt)}; ${machineLine()}\n`,
);
printTable(
  ['killed', 'times'],
  [...outcome.kills].map(([name, count]) => [name, count]),
);
console.log();
const faults = [...new Set([...outcome.faults.values()].flatMap((counts) => [...counts.keys()]))].sort();
printTable(
  ['faults', ...faults],
  [...outcome.faults].map(([service, counts]) => [service, ...faults.map((fault) => counts.get(fault) ?? 0)]),
);
console.log();
printTable(
  ['compared', ''],
  [
    ['cards', outcome.cards],
    ['flights', outcome.flights],
    ['files', outcome.files],
    ['acknowledgements', outcome.acknowledged],
    ['versions in the bucket', outcome.versions],
    ['of these spares', outcome.spares],
    ['dead letters sent back', outcome.deadLetters],
  ],
);
console.log();
const { findings, rebuiltFindings } = outcome;
const WRONG: Readonly<Record<keyof Findings, string>> = {
  acknowledgedAndMissing: 'acknowledged and missing',
  sourcesMissing: 'files of finished cards that are missing',
  versionsInNoEntry: 'versions in no entry',
  wrongEntries: 'entries that do not fit their version or list',
  filesTwice: 'files twice',
  wrongFlights: 'flights with a wrong count or state',
};
printTable(
  ['wrong', 'in the end', 'after `reconcile` on an emptied table'],
  (Object.keys(WRONG) as (keyof Findings)[]).map((what) => [
    WRONG[what],
    findings[what].length,
    rebuiltFindings[what].length,
  ]),
);
for (const [when, found] of Object.entries({ 'in the end': findings, 'after reconcile': rebuiltFindings }))
  for (const [what, lines] of Object.entries(found) as [keyof Findings, readonly string[]][])
    for (const line of lines.slice(0, LISTED)) console.log(`${WRONG[what]}, ${when}: ${line}`);
if (countFindings(findings) + countFindings(rebuiltFindings) > 0) {
  console.log(`\nEverything is in ${keepFolder(folder)}. The choices are those of seed ${seed}.`);
  process.exitCode = 1;
}
