import { appendFile, mkdtemp, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FoundFile, readFolder } from '../../devices/common/files.ts';
import { FingerprintJournal } from '../../devices/common/fingerprint-journal.ts';

const MD5 = '5aec4c6e78052bf38fab901bcd1a2319';
const LIBRARY = 'library.example/workspace';

let directory: string;
let card: string;
let photo: string;
let troubles: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'uploader-journal-'));
  card = await mkdtemp(join(tmpdir(), 'uploader-card-'));
  photo = join(card, 'DJI_0001.JPG');
  await writeFile(photo, 'twelve bytes');
  await utimes(photo, 1_000.25, 1_000.25);
  troubles = [];
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
  await rm(card, { recursive: true });
});

const path = () => join(directory, 'uploader', 'fingerprints.jsonl');
const found = async (): Promise<FoundFile> => (await readFolder(card)).files[0] as FoundFile;

/** Opens the journal, as a run does, and closes it again. */
async function withJournal<Result>(use: (journal: FingerprintJournal) => Promise<Result> | Result) {
  const journal = await FingerprintJournal.open(directory, (text) => troubles.push(text));
  try {
    return await use(journal);
  } finally {
    await journal.close();
  }
}

const remember = async () => {
  const file = await found();
  await withJournal((journal) => journal.remember(file, MD5, Date.now()));
};
const md5 = async () => {
  const file = await found();
  return withJournal((journal) => journal.md5Of(file));
};

describe('a fingerprint', () => {
  it('is kept for the next run', async () => {
    expect(await md5()).toBeUndefined();
    await remember();
    expect(await md5()).toBe(MD5);
    expect(troubles).toEqual([]);
  });

  it.each([
    ['was written to', () => appendFile(photo, '!')],
    ['was written to, with its size and modification time put back', () => damage()],
    ['was replaced by another of the same size and time', () => replace()],
  ])('is dropped when the file %s', async (_what, change) => {
    await remember();
    await change();
    expect(await md5()).toBeUndefined();
  });

  async function damage(): Promise<void> {
    const { mtime } = await stat(photo);
    await writeFile(photo, 'twelve BYTES');
    await utimes(photo, mtime, mtime);
  }

  async function replace(): Promise<void> {
    const { mtime } = await stat(photo);
    await writeFile(`${photo}.new`, 'twelve BYTES');
    await utimes(`${photo}.new`, mtime, mtime);
    await rename(`${photo}.new`, photo);
  }

  it('is not kept when a change would have the same time', async () => {
    const file = await found();
    const coarse = { ...file, modifiedAtInMilliseconds: 1_000_000 };
    await withJournal(async (journal) => {
      await journal.remember(file, MD5, file.modifiedAtInMilliseconds + 5);
      expect(journal.md5Of(file)).toBeUndefined();
      await journal.remember(coarse, MD5, coarse.modifiedAtInMilliseconds + 1_500);
      expect(journal.md5Of(coarse)).toBeUndefined();
      await journal.remember(coarse, MD5, coarse.modifiedAtInMilliseconds + 2_500);
      expect(journal.md5Of(coarse)).toBe(MD5);
    });
  });
});

describe('a confirmation', () => {
  it('is for one library, and is dropped with the fingerprint', async () => {
    await remember();
    const file = await found();
    await withJournal((journal) => journal.confirm(file, LIBRARY));
    await withJournal((journal) => {
      expect(journal.isConfirmed(file, LIBRARY)).toBe(true);
      expect(journal.isConfirmed(file, 'other.example/workspace')).toBe(false);
      expect(journal.isConfirmed({ ...file, bytes: 13 }, LIBRARY)).toBe(false);
    });
  });

  it('needs a fingerprint', async () => {
    const file = await found();
    await withJournal(async (journal) => {
      await journal.confirm(file, LIBRARY);
      expect(journal.isConfirmed(file, LIBRARY)).toBe(false);
    });
  });
});

describe('the file', () => {
  it('may have truncated lines, and lines of another shape', async () => {
    await remember();
    await appendFile(path(), '{"path":7}\n[]\n"text"\n{"path":"/card/a.JPG","by');
    expect(await md5()).toBe(MD5);
    await remember();
    expect(await md5()).toBe(MD5);
  });

  it('starts again when it is something else', async () => {
    await remember();
    await writeFile(path(), 'not a journal\n');
    expect(await md5()).toBeUndefined();
    await remember();
    expect(await md5()).toBe(MD5);
  });

  it('is rewritten when most of its lines are outdated', async () => {
    await remember();
    const line = (await readFile(path(), 'utf8')).split('\n')[1];
    await appendFile(path(), `${line}\n`.repeat(2_000));
    expect(await md5()).toBe(MD5);
    expect((await readFile(path(), 'utf8')).trim().split('\n')).toHaveLength(2);
    await remember();
    expect((await readFile(path(), 'utf8')).trim().split('\n')).toHaveLength(3);
  });

  it('that cannot be written only costs time', async () => {
    await writeFile(join(directory, 'uploader'), 'a file where the folder should be');
    await remember();
    expect(troubles).toEqual([expect.stringContaining('MD5s are not remembered')]);
  });
});
