import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { countFindings } from '../../bench/kill/comparison.ts';
import { runKillTest } from '../../bench/kill/kill-test.ts';

/** The short form of `npm run bench -- kill`. */
const KILLS = 5;

const folder = mkdtempSync(join(tmpdir(), 'media-library-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

it('loses nothing when stack, uploaders and dock player are killed and services fail', async () => {
  const lines: string[] = [];
  const outcome = await runKillTest({
    seed: 'five kills',
    kills: KILLS,
    folder,
    cardSize: { mostFlights: 2, mostFiles: 4, videos: 0.06 },
    faultRate: 0.12,
    say: (line) => lines.push(line),
  });
  const { findings, rebuiltFindings, kills, acknowledged } = outcome;
  expect(countFindings(findings), lines.join('\n')).toBe(0);
  expect(countFindings(rebuiltFindings), lines.join('\n')).toBe(0);
  expect([...kills.values()].reduce((sum, times) => sum + times, 0)).toBe(KILLS);
  expect(acknowledged).toBeGreaterThan(0);
}, 300_000);
