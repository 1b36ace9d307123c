/**
 * Counts the units that AWS charges for, and multiplies them by list prices (lib/prices.ts): files by Pilot and
 * by a dock, a connected dock, and attempts of strangers. docs/operations.md has the figures.
 *
 * Lambda's time is an assumption. Everything else is counted in the local stack.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import mqtt from 'mqtt';
import { playDock } from '../devices/dock/play-dock.ts';
import { uploadFolder } from '../devices/pilot/upload-folder.ts';
import { BY_TIME } from '../functions/adapters/media-table-keys.ts';
import { PRICES } from '../lib/prices.ts';
import { startLocalStack } from '../local/stack.ts';
import { writePhotos } from './generated-files.ts';
import { scratchFolder } from './scratch.ts';
import { administrator, demoUser } from './stack-process.ts';
import { machineLine, printTable } from './statistics.ts';
import { CALL_IN_SECONDS, priceOf, type Unit, UnitMeter, type Units } from './units.ts';

const PHOTOS = 100;
const ATTEMPTS = 10;
/** The counts of one file must not depend on its size. */
const PHOTO_IN_BYTES = 3000;
/** How long the background work of a scenario may rest before it counts as done: batches wait for 10 s. */
const QUIET_IN_MILLISECONDS = 13_000;
const MINUTES_IN_A_MONTH = (60 * 24 * 365) / 12;
const REFRESH_IN_MINUTES = 5;

let meter: UnitMeter | undefined;
let lastAt = 0;
const heard = (): void => {
  lastAt = performance.now();
};

const folder = scratchFolder('costs');
const stack = await startLocalStack({
  port: 0,
  ephemeral: true,
  log: (entry) => {
    heard();
    meter?.logged(entry);
  },
  onEvent: () => {
    heard();
    meter?.sent();
  },
});
const counting = new UnitMeter(stack.endpoints);
meter = counting;

/** The units of some work, until everything behind it is done. */
async function unitsOf(work: () => Promise<unknown>): Promise<Units> {
  counting.take();
  heard();
  await work();
  while (performance.now() - lastAt < QUIET_IN_MILLISECONDS) await sleep(500);
  return counting.take();
}

const expectUploads = ({ uploaded }: { readonly uploaded: number }): void => {
  if (uploaded !== PHOTOS) throw new Error(`${uploaded} of ${PHOTOS} photos were uploaded`);
};

const photos = (name: string): string => {
  const path = `${folder}/${name}`;
  writePhotos(path, PHOTOS, PHOTO_IN_BYTES);
  return path;
};

const [dock, idle] = stack.endpoints.docks;
if (!dock || !idle) throw new Error('The local stack has too few docks');
const user = demoUser(stack);

const connect = (password: string): Promise<void> =>
  mqtt
    .connectAsync(
      stack.endpoints.mqtt,
      { clientId: idle.sn, username: idle.sn, password, protocolVersion: 4, reconnectPeriod: 0 },
      false,
    )
    .then(
      (client) => client.endAsync(),
      () => undefined,
    );

const repeatedly = async (work: () => Promise<unknown>): Promise<void> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) await work();
};
const post = (path: string, body: object): Promise<Response> =>
  fetch(`${stack.endpoints.api}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const database = new DynamoDBClient(administrator(stack, 'dynamodb'));

/** Bytes in the table and its index, by the read units of a scan: half a unit for 4 KB. */
async function tableInBytes(): Promise<number> {
  let units = 0;
  for (const IndexName of [undefined, BY_TIME.name]) {
    let next: ScanCommandOutput['LastEvaluatedKey'];
    do {
      const page: ScanCommandOutput = await database.send(
        new ScanCommand({
          TableName: stack.endpoints.table,
          ReturnConsumedCapacity: 'TOTAL',
          ...(IndexName && { IndexName }),
          ...(next && { ExclusiveStartKey: next }),
        }),
      );
      units += page.ConsumedCapacity?.CapacityUnits ?? 0;
      next = page.LastEvaluatedKey;
    } while (next);
  }
  return units * 2 * 4096;
}

interface Scenario {
  readonly title: string;
  readonly units: Units;
  /** How many times that much the row is for. */
  readonly factor: number;
}

const scenarios: Scenario[] = [];
async function scenario(title: string, factor: number, work: () => Promise<unknown>): Promise<void> {
  scenarios.push({ title, factor, units: await unitsOf(work) });
}

let bytesOfFiles = 0;
try {
  const empty = await tableInBytes();
  await scenario('1,000 files by Pilot', 1000 / PHOTOS, async () =>
    expectUploads(await uploadFolder({ ...user, from: photos('pilot') })),
  );
  bytesOfFiles = ((await tableInBytes()) - empty) * (1000 / PHOTOS);
  await scenario('1,000 files by a dock', 1000 / PHOTOS, async () =>
    expectUploads(
      await playDock({
        from: photos('dock'),
        mqtt: stack.endpoints.mqtt,
        sn: dock.sn,
        password: dock.password,
        workspaceId: dock.workspace_id,
        dataDirectory: `${folder}/journal`,
      }),
    ),
  );
  await scenario(
    'a connected dock, a month',
    MINUTES_IN_A_MONTH / REFRESH_IN_MINUTES / ATTEMPTS,
    async () => {
      await repeatedly(() => connect(idle.password));
    },
  );
  const month = scenarios.at(-1);
  if (month) Object.assign(month.units, { iotMinute: MINUTES_IN_A_MONTH / month.factor });

  const million = 1e6 / ATTEMPTS;
  await scenario('a million sign-ins with a wrong password', million, () =>
    repeatedly(() =>
      post('/manage/api/v1/login', { username: user.username, password: 'x'.repeat(12), flag: 1 }),
    ),
  );
  await scenario('a million unknown routes', million, () => repeatedly(() => post('/wp-login.php', {})));
  await scenario('a million requests without a token', million, () =>
    repeatedly(() => post(`/media/api/v1/workspaces/${user.workspaceId}/fast-upload`, {})),
  );
  await scenario('a million MQTT sign-ins with a wrong password', million, () =>
    repeatedly(() => connect('wrong')),
  );
} finally {
  counting.stop();
  database.destroy();
  await stack.close();
}

const TITLES: Record<Unit, string> = {
  apiRequest: 'requests to the API',
  functionCall: 'calls of functions',
  functionGbSecond: `GB-seconds, at ${CALL_IN_SECONDS * 1000} ms a call`,
  writeUnit: 'DynamoDB write units',
  readUnit: 'DynamoDB read units',
  queueRequest: 'requests to SQS',
  busEvent: 'events on the bus',
  s3Put: 'S3 PUT',
  s3Get: 'S3 GET and HEAD',
  iotMessage: 'MQTT messages',
  iotRule: 'AWS IoT rules and actions',
  iotMinute: 'minutes connected',
  logByte: 'bytes in logs',
};

const inUnits = (count: number): string =>
  count >= 1e5 ? `${(count / 1e6).toFixed(2)} million` : count >= 100 ? count.toFixed(0) : count.toFixed(1);

console.log(`${machineLine()}\n`);
for (const { title, units, factor } of scenarios) {
  console.log(`${title}: $${priceOf(units, factor).toFixed(4)}\n`);
  printTable(
    ['unit', 'count', 'US dollars'],
    (Object.keys(TITLES) as Unit[]).flatMap((unit) => {
      const count = (units[unit] ?? 0) * factor;
      return count === 0 ? [] : [[TITLES[unit], inUnits(count), priceOf({ [unit]: count }).toFixed(5)]];
    }),
  );
  console.log();
}
const ofTable = bytesOfFiles * (PRICES.tableByteMonth + PRICES.recoveryByteMonth);
console.log(
  `1,000 files in the table and its index: ${(bytesOfFiles / 1e6).toFixed(1)} MB, ` +
    `$${ofTable.toFixed(4)} a month with point-in-time recovery`,
);
