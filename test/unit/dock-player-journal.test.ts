import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FoundFile } from '../../devices/common/files.ts';
import { FlightJournal } from '../../devices/dock/flight-journal.ts';

const LIBRARY = { storage: 's3.eu-central-1.amazonaws.com', bucket: 'media', workspaceId: 'workspace' };
const FLIGHT = { library: LIBRARY, sn: 'DOCK1', flightId: 'flight-1' };
const FILE: FoundFile = {
  absolutePath: '/card/a/1.JPG',
  path: 'a/1.JPG',
  directory: 'a',
  name: '1.JPG',
  kind: 'photo',
  contentType: 'image/jpeg',
  bytes: 10,
  modifiedAtInMilliseconds: 1795350792336.2754,
  changedAtInMilliseconds: 1795350792336.2754,
  inode: 7,
};
const STORED = { objectKey: 'w/k/a/F/1.JPG', tid: 't', bid: 'b', acknowledged: false };

describe('the journal of a flight', () => {
  let directory: string;
  const path = async () => {
    const [library = ''] = await readdir(join(directory, 'dock-player'));
    return join(directory, 'dock-player', library, 'DOCK1-flight-1.jsonl');
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dock-journal-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function remembered(flight = FLIGHT, file = FILE) {
    const journal = await FlightJournal.open(directory, flight);
    try {
      return journal.find(file);
    } finally {
      await journal.close();
    }
  }

  async function remember(...steps: (typeof STORED)[]) {
    const journal = await FlightJournal.open(directory, FLIGHT);
    for (const step of steps) await journal.remember(FILE, step);
    await journal.close();
  }

  it('is empty at first', async () => {
    expect(await remembered()).toBeUndefined();
  });

  it('keeps every step after a crash, with the ids of the message', async () => {
    await remember(STORED);
    expect(await remembered()).toEqual(STORED);
    await remember({ ...STORED, acknowledged: true });
    expect(await remembered()).toEqual({ ...STORED, acknowledged: true });
  });

  it('does not apply to a changed file', async () => {
    await remember(STORED);
    expect(await remembered(FLIGHT, { ...FILE, bytes: 11 })).toBeUndefined();
    expect(await remembered(FLIGHT, { ...FILE, modifiedAtInMilliseconds: 1 })).toBeUndefined();
  });

  it.each([
    ['another bucket', { bucket: 'other' }],
    ['another workspace', { workspaceId: 'other' }],
    ['a bucket of the same name elsewhere', { storage: 'minio.example.com' }],
  ])('is separate for %s', async (_what, changes) => {
    await remember({ ...STORED, acknowledged: true });
    expect(await remembered({ ...FLIGHT, library: { ...LIBRARY, ...changes } })).toBeUndefined();
    expect(await remembered()).toEqual({ ...STORED, acknowledged: true });
  });

  it('ignores a truncated line, and continues after it', async () => {
    await remember(STORED);
    await appendFile(await path(), '{"path":"a/1.JPG","acknow');
    expect(await remembered()).toEqual(STORED);
    await remember({ ...STORED, acknowledged: true });
    expect(await remembered()).toEqual({ ...STORED, acknowledged: true });
  });

  it('starts again when the file is something else', async () => {
    await remember(STORED);
    await writeFile(await path(), 'not a journal\n');
    expect(await remembered()).toBeUndefined();
    expect(await readFile(await path(), 'utf8')).toContain('"flightId":"flight-1"');
  });
});
