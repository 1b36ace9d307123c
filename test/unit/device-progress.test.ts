import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bar, fitEnd, formatDuration, transferProgress } from '../../devices/common/progress.ts';
import { formatBytes, printable, summaryLines } from '../../devices/common/summary.ts';
import type { UploadSummary } from '../../devices/pilot/upload-folder.ts';

class Screen extends Writable {
  written = '';
  readonly isTTY: boolean;
  readonly columns = 90;

  constructor(isTTY: boolean) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.written += chunk;
    done();
  }

  /** What somebody sees, as far as the sequences go that move the cursor and erase. */
  get lines(): string[] {
    const rows = [''];
    let row = 0;
    let column = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal obeys
    for (const [text, count, command] of this.written.matchAll(/\u001b\[\??(\d*)([A-Za-z])|./gsu)) {
      const steps = Number(count || 1);
      const line = rows[row] ?? '';
      if (command === 'A') row = Math.max(0, row - steps);
      else if (command === 'B') row += steps;
      else if (command === 'G') column = steps - 1;
      else if (command === 'K') rows[row] = count === '2' ? '' : line.slice(0, column);
      else if (command === 'J') rows.splice(row, rows.length, line.slice(0, column));
      else if (command === undefined && text === '\n') [row, column] = [row + 1, 0];
      else if (command === undefined) {
        rows[row] = line.padEnd(column).slice(0, column) + text + line.slice(column + text.length);
        column += text.length;
      } else if (command !== 'h' && command !== 'l') throw new Error(`unknown sequence ${text.slice(1)}`);
    }
    return Array.from(rows, (line) => line ?? '').filter(Boolean);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('in a pipe', () => {
  it('has one plain line for each file', () => {
    const screen = new Screen(false);
    const progress = transferProgress(screen);
    progress.begin(2, 4_000_000);
    progress.start('a/DJI_0001.JPG', 3_999_000);
    progress.advance('a/DJI_0001.JPG', 'uploading', 1_000_000);
    progress.finish('a/DJI_0001.JPG', 'uploaded');
    progress.start('a/DJI_0002.JPG', 1000);
    progress.finish('a/DJI_0002.JPG', 'failed', 'permission denied');
    progress.end();
    expect(screen.written).toBe(
      '1/2 uploaded      a/DJI_0001.JPG (4.0 MB)\n2/2 failed        a/DJI_0002.JPG (permission denied)\n',
    );
  });

  it('prints a line now and then while a long upload is running', () => {
    const screen = new Screen(false);
    const progress = transferProgress(screen);
    progress.begin(1, 8_000_000_000);
    progress.start('DJI_0001.MP4', 8_000_000_000);
    progress.advance('DJI_0001.MP4', 'uploading', 2_000_000_000);
    vi.advanceTimersByTime(16_000);
    progress.end();
    vi.advanceTimersByTime(60_000);
    expect(screen.written).toBe('… 2.0 GB of 8.0 GB, 1 under way\n');
  });

  it('escapes control characters in file names', () => {
    const screen = new Screen(false);
    const progress = transferProgress(screen);
    progress.begin(1, 1);
    progress.start('\u001b[2Jx.jpg', 1);
    progress.finish('\u001b[2Jx.jpg', 'uploaded');
    progress.end();
    expect(screen.written).not.toContain('\u001b');
    expect(printable('a\u009bb\u0007')).toBe('a?b?');
  });
});

describe('on a terminal', () => {
  it('shows a bar for each running transfer and one for all, and removes them at the end', () => {
    const screen = new Screen(true);
    const progress = transferProgress(screen);
    progress.begin(2, 2000);
    progress.start('DJI_0001.JPG', 1000);
    progress.start('DJI_0002.JPG', 1000);
    progress.advance('DJI_0001.JPG', 'uploading', 500);
    vi.advanceTimersByTime(100);
    const frame = screen.lines;
    expect(frame).toHaveLength(3);
    expect(frame[0]).toMatch(/━{10}─{10} {2}uploading 50 % +1\.0 kB {2}DJI_0001\.JPG/);
    expect(frame[1]).toMatch(/─{20} {2}checking {2}0 %/);
    expect(frame[2]).toContain('0 of 2 files, 500 B of 2.0 kB');
    for (const line of frame) expect(line.length).toBeLessThan(90);
    progress.finish('DJI_0001.JPG', 'uploaded');
    expect(screen.lines).toEqual([
      'uploaded      DJI_0001.JPG (1.0 kB)',
      frame[1],
      expect.stringContaining('1 of 2 files, 1.0 kB of 2.0 kB'),
    ]);
    progress.finish('DJI_0002.JPG', 'failed', 'permission denied');
    progress.end();
    const afterEnd = screen.lines;
    expect(afterEnd).toEqual([
      'uploaded      DJI_0001.JPG (1.0 kB)',
      'failed        DJI_0002.JPG (permission denied)',
    ]);
    vi.advanceTimersByTime(1000);
    expect(screen.lines).toEqual(afterEnd);
  });

  it('shows ten bars at most, uploads first', () => {
    const screen = new Screen(true);
    const progress = transferProgress(screen);
    progress.begin(16, 16_000);
    for (let number = 1; number <= 16; number++) progress.start(`${number}.JPG`, 1000);
    progress.advance('16.JPG', 'uploading', 500);
    vi.advanceTimersByTime(100);
    expect(screen.lines).toHaveLength(12);
    expect(screen.lines[0]).toContain('16.JPG');
    expect(screen.lines[1]).toContain(' 1.JPG');
    expect(screen.lines[10]).toBe('  … and 6 more under way');
    progress.end();
  });

  it('shows the end of long names, with two columns for wide characters', () => {
    expect(fitEnd('DCIM/DJI_0001.JPG', 20)).toBe('DCIM/DJI_0001.JPG');
    expect(fitEnd('DCIM/DJI_0001.JPG', 10)).toBe('…_0001.JPG');
    expect(fitEnd('上云上云', 8)).toBe('上云上云');
    expect(fitEnd('上云上云', 7)).toBe('…云上云');
  });
});

it('bars, durations and sizes', () => {
  expect(bar(0.5, 4)).toBe('━━──');
  expect(bar(7, 4)).toBe('━━━━');
  expect(formatDuration(42)).toBe('0:42');
  expect(formatDuration(3723)).toBe('1:02:03');
  expect(formatBytes(999)).toBe('999 B');
  expect(formatBytes(3_940_000)).toBe('3.9 MB');
  expect(formatBytes(999_960)).toBe('1.0 MB');
});

describe('summaryLines', () => {
  const summary: UploadSummary = {
    api: 'http://127.0.0.1:9700',
    workspaceId: 'workspace',
    files: [],
    skipped: [],
    uploaded: 0,
    alreadyThere: 0,
    linked: 0,
    failed: 0,
    bytesUploaded: 0,
    seconds: 1.5,
    interrupted: false,
  };
  const there = { path: 'a.jpg', state: 'already-there', bytes: 1 } as const;

  it('says when there was nothing to upload', () => {
    expect(summaryLines(summary)).toEqual(['No files here: nothing to upload.']);
    expect(summaryLines({ ...summary, files: [there], alreadyThere: 1 })).toEqual([
      '1 file already there: nothing to upload (1.5 s).',
    ]);
  });

  it('gives the reason of each failure', () => {
    const failed = { path: 'b.jpg', state: 'failed', bytes: 1, reason: 'permission denied' } as const;
    expect(summaryLines({ ...summary, files: [there, failed], alreadyThere: 1, failed: 1 })).toEqual([
      '1 file failed:',
      '  b.jpg: permission denied',
      '2 files: 1 already there, 1 failed, in 1.5 s.',
    ]);
  });
});
