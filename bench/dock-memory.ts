/**
 * Measures the memory of the local stack while 50 docks send 100,000 `file_upload_callback` events through
 * its broker. Each dock sends the next event after the reply to the last one. They report the same 1,000
 * objects, so neither the catalog nor the bucket grows: only broker, rules, workers or services can. Takes
 * half an hour or more.
 *
 * `npm run bench -- dock-memory [events]`
 */
import { join } from 'node:path';
import { type DockUpload, fileUploadCallbackEvent } from './dock-event.ts';
import { type ConnectedDock, DockFleet } from './dock-fleet.ts';
import { readMemory } from './process-memory.ts';
import { scratchFolder } from './scratch.ts';
import { startStackProcess } from './stack-process.ts';
import { formatMegabytes, machineLine, median, printTable } from './statistics.ts';

const DOCKS = 50;
const OBJECTS = 1_000;
const SAMPLES = 10;
/** Garbage makes single samples vary, so the median of many counts. */
const SAMPLE_INTERVAL_IN_MILLISECONDS = 500;

const total = Number(process.argv[2] ?? 100_000);
const folder = scratchFolder('dock-memory');
const stack = await startStackProcess({ dataDirectory: join(folder, 'data') });
const fleet = new DockFleet(stack, DOCKS);
await fleet.register();
const uploads = await fleet.putObjects(OBJECTS);
const readyInBytes = readMemory(stack.processId).residentInBytes;
console.log(machineLine());

const waiting = new Map<string, () => void>();
let unexpected = 0;
let failed = 0;
const docks = await fleet.connect(({ tid, result }) => {
  const resume = waiting.get(tid);
  if (!resume) unexpected++;
  if (result !== 0) failed++;
  waiting.delete(tid);
  resume?.();
});

let begun = 0;
let answered = 0;
let window: number[] = [];
const timer = setInterval(
  () => window.push(readMemory(stack.processId).residentInBytes),
  SAMPLE_INTERVAL_IN_MILLISECONDS,
);
const startedAt = performance.now();
const rows: (string | number)[][] = [];

function finishWindow(): void {
  if (answered % (total / SAMPLES) !== 0) return;
  const { residentInBytes, peakInBytes } = readMemory(stack.processId);
  const seconds = (performance.now() - startedAt) / 1000;
  rows.push([
    answered.toLocaleString('en'),
    formatMegabytes(median([...window, residentInBytes])),
    formatMegabytes(peakInBytes),
    (answered / seconds).toFixed(0),
  ]);
  window = [];
}

async function keepSending(dock: ConnectedDock, own: readonly DockUpload[]): Promise<void> {
  for (let turn = 0; begun < total; turn++) {
    begun++;
    const upload = own[turn % own.length];
    if (!upload) throw new Error(`${dock.sn} has no objects`);
    const event = fileUploadCallbackEvent(upload);
    const replied = new Promise<void>((resolve) => waiting.set(event.tid, resolve));
    await dock.publish(event);
    await replied;
    answered++;
    finishWindow();
  }
}

const byDock = Map.groupBy(uploads, ({ gatewaySn }) => gatewaySn);
await Promise.all(docks.map((dock) => keepSending(dock, byDock.get(dock.sn) ?? [])));
clearInterval(timer);
await fleet.disconnect();
await stack.stop();

console.log(
  `\n${total.toLocaleString('en')} events; the stack took ${formatMegabytes(readyInBytes)} before the first. MB of 1,000,000 bytes.\n`,
);
printTable(['events', 'resident, median since the row above', 'highest so far', 'events/s so far'], rows);
console.log(`\n${failed} refused, ${unexpected} unexpected replies. ${machineLine()}`);
process.exitCode = failed + unexpected > 0 ? 1 : 0;
