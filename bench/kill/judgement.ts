/** Waits until functions have done what is left to do, and compares; then once more, from the bucket alone. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoints } from '../../local/endpoints.ts';
import { type Acknowledgements, eventIds } from './acknowledgements.ts';
import { compare, compareRebuilt, type Findings, type Told } from './comparison.ts';
import { emptyTable, readLibrary } from './library-state.ts';
import { dockFlight, pilotFlights } from './sources.ts';
import { Victim } from './victim.ts';
import { WorkQueues } from './work-queues.ts';

const SETTLED_WITHIN_IN_MILLISECONDS = 60_000;
/** Nothing fails any more, so a message that still comes back then never will be done. */
const DEAD_LETTER_ROUNDS = 4;

/** What was compared, and what was wrong. */
export interface Judgement {
  readonly cards: number;
  readonly flights: number;
  readonly files: number;
  readonly acknowledged: number;
  readonly versions: number;
  /** Entries that are spares of others. */
  readonly spares: number;
  /** Messages that functions failed at too often, and that were sent back. */
  readonly deadLetters: number;
  readonly findings: Findings;
  /** After the table was emptied, and built again from the bucket. */
  readonly rebuiltFindings: Findings;
}

/** What there is to judge. */
export interface Case {
  readonly endpoints: Endpoints;
  /** Data of the stack. */
  readonly libraryFolder: string;
  /** Data of the dock. */
  readonly dockFolder: string;
  /** For what was compared, for whoever wants to look into it. */
  readonly folder: string;
  /** Cards that were brought in. */
  readonly pilotCards: ReadonlySet<string>;
  readonly dockCards: ReadonlySet<string>;
  readonly acknowledgements: Acknowledgements;
  readonly say: (line: string) => void;
}

/** Compares, twice. The second time changes the library. */
export async function judge(what: Case): Promise<Judgement> {
  const { endpoints, say } = what;
  const deadLetters = await settle(endpoints, say);
  const told = await readTold(what);
  const library = await readLibrary(endpoints, told.workspaceId);
  writeFileSync(join(what.folder, 'library.json'), JSON.stringify(library, null, 1));
  const findings = await compare(told, library);
  library.close();

  say('The table is emptied, and built again from the bucket.');
  await emptyTable(endpoints);
  await reconcile(what);
  await settle(endpoints, say);
  const rebuilt = await readLibrary(endpoints, told.workspaceId);
  const rebuiltFindings = await compareRebuilt(told, rebuilt);
  rebuilt.close();
  return {
    cards: what.pilotCards.size + what.dockCards.size,
    flights: told.flights.length,
    files: told.flights.reduce((sum, { files }) => sum + files.length, 0),
    acknowledged: told.pilot.length + told.dockKeys.length,
    versions: library.versions.length,
    spares: library.entries.filter(({ surplusOf }) => surplusOf !== undefined).length,
    deadLetters,
    findings,
    rebuiltFindings,
  };
}

/** Waits until the queues are empty. Resolves to how many dead letters were sent back for that. */
async function settle(endpoints: Endpoints, say: Case['say']): Promise<number> {
  const queues = await WorkQueues.open(endpoints);
  let deadLetters = 0;
  for (let round = 1; round <= DEAD_LETTER_ROUNDS; round++) {
    const left = await queues.settle(SETTLED_WITHIN_IN_MILLISECONDS);
    if (left > 0) say(`${left} messages are still in queues.`);
    const returned = await queues.returnDeadLetters();
    if (returned === 0) break;
    deadLetters += returned;
    say(`${returned} dead letters are sent back.`);
  }
  queues.close();
  return deadLetters;
}

/** `npm run admin -- reconcile`. */
async function reconcile({ libraryFolder, folder }: Case): Promise<void> {
  const log = join(folder, 'reconcile.log');
  const argv = ['bin/admin.ts', 'reconcile', '--json', '--data', libraryFolder];
  const exitCode = await new Victim({ argv, log }).ended;
  if (exitCode !== 0) throw new Error(`reconcile ended with exit code ${exitCode}: see ${log}`);
}

async function readTold({
  endpoints,
  dockFolder,
  pilotCards,
  dockCards,
  acknowledgements,
}: Case): Promise<Told> {
  const [{ sn, workspace_id: workspaceId } = { sn: '', workspace_id: '' }] = endpoints.docks;
  const ofPilot = await Promise.all([...pilotCards].map((card) => pilotFlights(card, workspaceId)));
  const ofDock = await Promise.all([...dockCards].map((card) => dockFlight(card, sn)));
  return {
    workspaceId,
    flights: [...ofPilot.flat(), ...ofDock],
    pilot: acknowledgements.pilot,
    dockKeys: reportedKeys(dockFolder, acknowledgements.dock),
  };
}

/** Object keys of the acknowledged events, by what the dock has noted of its events before it sent them. */
function reportedKeys(dataDirectory: string, acknowledged: ReadonlySet<string>): string[] {
  const keys = new Set<string>();
  for (const file of globSync('dock-player/**/*.jsonl', { cwd: dataDirectory })) {
    for (const line of readFileSync(join(dataDirectory, file), 'utf8').split('\n')) {
      const { tid, bid, objectKey } = parsed(line);
      if (tid && bid && objectKey && acknowledged.has(eventIds({ tid, bid }))) keys.add(objectKey);
    }
  }
  return [...keys];
}

/** A line of a journal; one that a kill has cut off says nothing. */
function parsed(line: string): { tid?: string; bid?: string; objectKey?: string } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
