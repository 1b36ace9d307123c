/** Progress of many transfers at once: bars on a terminal, plain lines elsewhere. */
import cliTruncate from 'cli-truncate';
import { createLogUpdate } from 'log-update';
import { formatBytes, printable } from './summary.ts';

/** What is done with a file at the moment. */
export type TransferStage = 'checking' | 'uploading';

/** Shows how a run proceeds. */
export interface TransferProgress {
  /** A line that stays. */
  line(text: string): void;
  /** How much there is to do. */
  begin(fileCount: number, bytes: number): void;
  start(path: string, bytes: number): void;
  advance(path: string, stage: TransferStage, doneInBytes: number): void;
  /** `outcome` is a word such as `uploaded`, `detail` the reason of a failure. */
  finish(path: string, outcome: string, detail?: string): void;
  /** Clears what should not stay. */
  end(): void;
}

/** Shows nothing. */
export const silentProgress: TransferProgress = {
  line() {},
  begin() {},
  start() {},
  advance() {},
  finish() {},
  end() {},
};

interface Transfer {
  readonly bytes: number;
  stage: TransferStage;
  doneInBytes: number;
}

/** The counts behind both forms of progress. */
class Tally {
  fileCount = 0;
  totalInBytes = 0;
  finishedFiles = 0;
  finishedInBytes = 0;
  startedAtInMilliseconds = Date.now();
  readonly active = new Map<string, Transfer>();

  begin(fileCount: number, bytes: number): void {
    this.fileCount = fileCount;
    this.totalInBytes = bytes;
    this.startedAtInMilliseconds = Date.now();
  }

  start(path: string, bytes: number): void {
    this.active.set(path, { bytes, stage: 'checking', doneInBytes: 0 });
  }

  advance(path: string, stage: TransferStage, doneInBytes: number): void {
    const transfer = this.active.get(path);
    if (transfer) Object.assign(transfer, { stage, doneInBytes });
  }

  finish(path: string, detail: string | undefined): number {
    const bytes = this.active.get(path)?.bytes ?? 0;
    this.active.delete(path);
    this.finishedFiles++;
    // The bytes of a failed file were not sent.
    if (detail === undefined) this.finishedInBytes += bytes;
    else this.totalInBytes -= bytes;
    return bytes;
  }

  get doneInBytes(): number {
    let done = this.finishedInBytes;
    for (const { stage, doneInBytes } of this.active.values()) if (stage === 'uploading') done += doneInBytes;
    return done;
  }
}

const outcomeLine = (path: string, outcome: string, bytes: number, detail: string | undefined): string =>
  `${outcome.padEnd(13)} ${printable(path)} (${detail ? printable(detail) : formatBytes(bytes)})`;

/** A line for each finished file, and a line now and then while a long upload is running. */
function plainProgress(
  output: NodeJS.WritableStream,
  signOfLifeAfterInMilliseconds = 15_000,
): TransferProgress {
  const tally = new Tally();
  let timer: NodeJS.Timeout | undefined;
  const line = (text: string): void => {
    output.write(`${text}\n`);
  };
  const signOfLife = (): void => {
    if (tally.active.size > 0) {
      line(
        `… ${formatBytes(tally.doneInBytes)} of ${formatBytes(tally.totalInBytes)}, ${tally.active.size} under way`,
      );
    }
  };
  return {
    line,
    begin: (fileCount, bytes) => {
      tally.begin(fileCount, bytes);
      timer ??= setInterval(signOfLife, signOfLifeAfterInMilliseconds).unref();
    },
    start: (path, bytes) => tally.start(path, bytes),
    advance: (path, stage, doneInBytes) => tally.advance(path, stage, doneInBytes),
    finish: (path, outcome, detail) => {
      const bytes = tally.finish(path, detail);
      const place = `${tally.finishedFiles}/${tally.fileCount}`.padStart(
        2 * String(tally.fileCount).length + 1,
      );
      line(`${place} ${outcomeLine(path, outcome, bytes, detail)}`);
    },
    end: () => clearInterval(timer),
  };
}

/** The end of `text` that fits into `columns`. The end of a path is its file name. */
export const fitEnd = (text: string, columns: number): string =>
  cliTruncate(printable(text), columns, { position: 'start' });

/** `━━━━───`: how much of something is done. */
export function bar(share: number, columns: number): string {
  const filled = Math.max(0, Math.min(columns, Math.round(share * columns)));
  return '━'.repeat(filled) + '─'.repeat(columns - filled);
}

/** `0:42`, `1:02:03`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = String(Math.floor((whole % 3600) / 60)).padStart(whole >= 3600 ? 2 : 1, '0');
  const rest = String(whole % 60).padStart(2, '0');
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${minutes}:${rest}` : `${minutes}:${rest}`;
}

/** Bars for single files; more would not fit on a small terminal. */
const MOST_BARS = 10;

/** A bar for each running transfer and one for all, below the lines that stay. */
function terminalProgress(output: NodeJS.WritableStream & { columns?: number }): TransferProgress {
  const tally = new Tally();
  const screen = createLogUpdate(output, { showCursor: true });
  let timer: NodeJS.Timeout | undefined;

  const bars = (): string[] => {
    const columns = Math.max(40, Math.min(output.columns ?? 80, 120)) - 1;
    const barColumns = 20;
    const underWay = [...tally.active];
    const isSent = ([, { stage }]: (typeof underWay)[number]): boolean => stage === 'uploading';
    const shown = [...underWay.filter(isSent), ...underWay.filter((each) => !isSent(each))].slice(
      0,
      MOST_BARS,
    );
    const rows = shown.map(([path, { bytes, stage, doneInBytes }]) => {
      const share = bytes > 0 ? doneInBytes / bytes : 0;
      const state = `${stage.padEnd(9)} ${Math.floor(share * 100)} %`.padEnd(15);
      const row = `  ${bar(share, barColumns)}  ${state} ${formatBytes(bytes).padStart(8)}  `;
      const room = columns - row.length;
      return room > 8 ? row + fitEnd(path, room) : cliTruncate(row, columns);
    });
    if (underWay.length > shown.length) rows.push(`  … and ${underWay.length - shown.length} more under way`);
    const seconds = (Date.now() - tally.startedAtInMilliseconds) / 1000;
    const done = tally.doneInBytes;
    const rate = seconds > 0.5 ? done / seconds : 0;
    const left = rate > 0 ? `, ${formatDuration((tally.totalInBytes - done) / rate)} left` : '';
    const speed = rate > 0 ? `, ${formatBytes(rate)}/s` : '';
    const share = tally.totalInBytes > 0 ? done / tally.totalInBytes : 0;
    const total = `${tally.finishedFiles} of ${tally.fileCount} files, ${formatBytes(done)} of ${formatBytes(tally.totalInBytes)}`;
    return [...rows, cliTruncate(`  ${bar(share, barColumns)} ${total}${speed}${left}`, columns)];
  };

  const draw = (): void => screen(bars().join('\n'));
  const line = (text: string): void => {
    screen.persist(text);
    if (timer) draw();
  };

  return {
    line,
    begin: (fileCount, bytes) => {
      tally.begin(fileCount, bytes);
      timer ??= setInterval(draw, 100).unref();
    },
    start: (path, bytes) => tally.start(path, bytes),
    advance: (path, stage, doneInBytes) => tally.advance(path, stage, doneInBytes),
    finish: (path, outcome, detail) => line(outcomeLine(path, outcome, tally.finish(path, detail), detail)),
    end: () => {
      clearInterval(timer);
      timer = undefined;
      screen.clear();
    },
  };
}

/** Progress on `output`: bars on a terminal, lines in a pipe or file. */
export function transferProgress(output: NodeJS.WritableStream & { isTTY?: boolean }): TransferProgress {
  return output.isTTY && process.env['TERM'] !== 'dumb' ? terminalProgress(output) : plainProgress(output);
}
