/**
 * Uploaders, a dock and the stack behind them, killed at random moments while AWS's services fail now and then. In the
 * end everybody is left alone to finish, and what devices had is compared with what the library says.
 *
 * Choices depend on the seed alone: what cards hold, who is killed and after how many requests, what happens to the n-th
 * request of a service. Which request comes first depends on the machine.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DOCK_PASSWORD_VARIABLE } from '../../devices/dock/target.ts';
import { PASSWORD_VARIABLE } from '../../devices/pilot/target.ts';
import type { Endpoints } from '../../local/endpoints.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { Fault } from '../service-proxy.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { type CardSize, Cards, commonContents } from './cards.ts';
import { Device, type DeviceOptions } from './device.ts';
import { type Judgement, judge } from './judgement.ts';
import { Proxies } from './proxies.ts';
import { StackUnderFire } from './stack-under-fire.ts';

/** How hard it is. */
export interface KillTestOptions {
  readonly seed: string;
  readonly kills: number;
  /** Folder for all that is written. */
  readonly folder: string;
  readonly cardSize: CardSize;
  /** Share of the requests that something happens to. */
  readonly faultRate: number;
  /** Hears what happens, a line each. */
  readonly say: (line: string) => void;
}

/** What was seen. */
export interface KillTestOutcome extends Judgement {
  /** By victim. */
  readonly kills: ReadonlyMap<string, number>;
  /** By service. */
  readonly faults: ReadonlyMap<string, ReadonlyMap<Fault, number>>;
}

const VICTIMS: ReadonlyMap<string, number> = new Map([
  ['stack', 4],
  ['pilot-1', 2],
  ['pilot-2', 2],
  ['dock', 3],
]);

/**
 * Requests from one kill to the next, those of functions included. A photo takes about twenty. Some kills follow at
 * once, when processes are young; most leave time for some files.
 */
const REQUESTS_BETWEEN_KILLS = [
  [1, 15],
  [20, 150],
  [20, 150],
] as const;
/** Cards of the first uploader that the second one reads as well. */
const SHARED_CARDS = 0.35;
/** Queues wait this part of what they wait on AWS. */
const TIME_SCALES = { batchingWindow: 0.05, delay: 0.01, visibilityTimeout: 0.01 };
const LOOK_FOR_VICTIM_EVERY_IN_MILLISECONDS = 20;

/** Somebody who can be killed. */
interface Target {
  readonly name: string;
  /** False when it is not there at the moment. */
  kill(): boolean;
}

/** Runs the whole test. Rejects when it could not be run; what it found is in the outcome. */
export async function runKillTest(options: KillTestOptions): Promise<KillTestOutcome> {
  const { seed, folder, faultRate, say } = options;
  mkdirSync(folder, { recursive: true });
  const random = new SeededRandom(seed);
  const acknowledgements = new Acknowledgements();
  const proxies = await Proxies.listen(random.fork('proxies'), {
    api: acknowledgements.hearApi,
    iot_data: acknowledgements.hearIotData,
  });
  const stack = new StackUnderFire({
    dataDirectory: join(folder, 'library'),
    proxies: proxies.addressesForFunctions,
    timeScales: TIME_SCALES,
    random: random.fork('stack'),
    log: join(folder, 'stack.log'),
    onMoved: (endpoints) => proxies.lead(endpoints),
  });
  const over = new AbortController();
  let devices: readonly Device[] = [];
  try {
    devices = makeDevices(options, random, await stack.ready(), proxies);
    const operations = Promise.all(devices.map((device) => device.operate()));
    proxies.setFaultRate(faultRate);
    const targets = [...devices, { name: 'stack', kill: () => stack.kill() }];
    const killing = killAtRandom(options, random.fork('kills'), targets, proxies, over.signal);
    // Devices operate until they are calm, so they can end before the killing does by a failure only.
    const kills = await Promise.race([killing, operations.then(() => killing)]);
    say('Nobody is killed any more, and nothing fails. The devices finish their cards.');
    proxies.setFaultRate(0);
    for (const device of devices) device.calmDown();
    await operations;
    const endpoints = await stack.ready();
    const judgement = await judge({
      endpoints,
      libraryFolder: join(folder, 'library'),
      dockFolder: join(folder, 'dock'),
      folder,
      pilotCards: finishedBy(devices, 'pilot-'),
      dockCards: finishedBy(devices, 'dock'),
      acknowledgements,
      say,
    });
    return { kills, faults: proxies.faults, ...judgement };
  } finally {
    over.abort();
    for (const device of devices) device.stop();
    await stack.stop();
    proxies.close();
  }
}

/** Two uploaders of one user, and a dock of the same workspace. */
function makeDevices(
  { folder, cardSize }: KillTestOptions,
  random: SeededRandom,
  { users: [user], docks: [dock] }: Endpoints,
  proxies: Proxies,
): readonly Device[] {
  if (!user || !dock || user.workspace_id !== dock.workspace_id)
    throw new Error('The first demo user and the first demo dock are not in one workspace');
  const common = commonContents(random.fork('common'));
  const cardsOf = (name: string) =>
    new Cards({
      folder: join(folder, 'cards', name),
      random: random.fork(`cards of ${name}`),
      size: cardSize,
      common,
    });
  const make = (name: string, nextCard: () => string, commandFor: DeviceOptions['commandFor']): Device =>
    new Device({ name, random: random.fork(name), log: join(folder, `${name}.log`), nextCard, commandFor });

  const pilotCommand = (name: string) => (card: string) => ({
    argv: [
      ...['bin/pilot.ts', '--from', card, '--api', proxies.api, '--user', user.username],
      ...['--data', join(folder, name), '--part-size', '5', '--json'],
    ],
    environment: { [PASSWORD_VARIABLE]: user.password },
  });
  const firstCards = cardsOf('pilot-1');
  const first = make('pilot-1', () => firstCards.pilotCard(), pilotCommand('pilot-1'));
  const secondCards = cardsOf('pilot-2');
  const sharing = random.fork('sharing');
  const second = make(
    'pilot-2',
    () => (sharing.chance(SHARED_CARDS) ? first.card : undefined) ?? secondCards.pilotCard(),
    pilotCommand('pilot-2'),
  );
  const dockCards = cardsOf('dock');
  const dockDevice = make(
    'dock',
    () => dockCards.dockFlight(),
    (card) => ({
      argv: [
        ...['bin/dock.ts', '--from', card, '--mqtt', proxies.mqtt, '--sn', dock.sn],
        ...['--username', dock.username, '--data', join(folder, 'dock'), '--json'],
      ],
      environment: { [DOCK_PASSWORD_VARIABLE]: dock.password },
    }),
  );
  return [first, second, dockDevice];
}

/** Resolves to how often each was killed. */
async function killAtRandom(
  { kills, say }: KillTestOptions,
  random: SeededRandom,
  targets: readonly Target[],
  proxies: Proxies,
  over: AbortSignal,
): Promise<Map<string, number>> {
  const killed = new Map(targets.map(({ name }) => [name, 0]));
  const ended = once(over, 'abort');
  for (let number = 1; number <= kills && !over.aborted; number++) {
    const requests = random.integer(...random.oneOf<readonly [number, number]>(REQUESTS_BETWEEN_KILLS));
    await Promise.race([proxies.nextRequest(requests), ended]);
    const name = random.pick(VICTIMS);
    const target = targets.find((candidate) => candidate.name === name);
    while (!target?.kill() && !over.aborted) await sleep(LOOK_FOR_VICTIM_EVERY_IN_MILLISECONDS);
    killed.set(name, (killed.get(name) ?? 0) + 1);
    say(`kill ${number} of ${kills}: ${name}`);
  }
  return killed;
}

const finishedBy = (devices: readonly Device[], name: string): Set<string> =>
  new Set(devices.filter((device) => device.name.startsWith(name)).flatMap(({ finished }) => finished));
