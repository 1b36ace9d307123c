import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskState, md5OfEnds, md5OfFile, readFolder } from '../../devices/common/files.ts';
import { keepsInodes } from '../../devices/common/stable-inodes.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uploader-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, content = 'x'): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
  return file;
}

const pathsOf = (list: readonly { path: string }[]): string[] => list.map(({ path }) => path);

describe('readFolder', () => {
  it('finds photos, videos and sidecars in all folders, in the order of their paths', async () => {
    await put('DCIM/DJI_002/DJI_0002.MP4');
    await put('DCIM/DJI_002/DJI_0002.SRT');
    await put('DCIM/DJI_001/DJI_0001.jpeg');
    await put('DJI_0003.DNG');
    const { files, skipped, unreadable } = await readFolder(folder);
    expect(files.map(({ path, directory, name, kind }) => ({ path, directory, name, kind }))).toEqual([
      { path: 'DCIM/DJI_001/DJI_0001.jpeg', directory: 'DCIM/DJI_001', name: 'DJI_0001.jpeg', kind: 'photo' },
      { path: 'DCIM/DJI_002/DJI_0002.MP4', directory: 'DCIM/DJI_002', name: 'DJI_0002.MP4', kind: 'video' },
      { path: 'DCIM/DJI_002/DJI_0002.SRT', directory: 'DCIM/DJI_002', name: 'DJI_0002.SRT', kind: 'sidecar' },
      { path: 'DJI_0003.DNG', directory: '', name: 'DJI_0003.DNG', kind: 'photo' },
    ]);
    expect(skipped).toEqual([]);
    expect(unreadable).toEqual([]);
  });

  it('finds every kind of file, with any name', async () => {
    const names = [
      'A.HEIC',
      'B.PNG',
      'C.LRF',
      'D.LDR',
      'E.RTB',
      'F.THM',
      'notes.txt',
      'README',
      '.hidden.JPG',
    ];
    for (const name of names) await put(name);
    const { files, skipped } = await readFolder(folder);
    expect(pathsOf(files)).toEqual([...names].sort());
    expect(skipped).toEqual([]);
  });

  it('skips what computers leave on cards, and empty files, and reports them', async () => {
    await put('.DS_Store');
    await put('.Trashes/501/DJI_0001.JPG');
    await put('DCIM/._DJI_0001.JPG');
    await put('DCIM/DJI_0001.JPG');
    await put('DCIM/DJI_0002.JPG', '');
    await put('DCIM/thumbs.db');
    await put('LOST.DIR/1234');
    const { files, skipped } = await readFolder(folder);
    expect(pathsOf(files)).toEqual(['DCIM/DJI_0001.JPG']);
    expect(skipped).toEqual([
      { path: '.DS_Store', reason: 'folder settings of a Mac' },
      { path: '.Trashes/', reason: 'the bin of a Mac' },
      { path: 'DCIM/._DJI_0001.JPG', reason: 'attributes of a Mac' },
      { path: 'DCIM/DJI_0002.JPG', reason: 'the file is empty' },
      { path: 'DCIM/thumbs.db', reason: 'thumbnails of Windows' },
      { path: 'LOST.DIR/', reason: 'file fragments of Android' },
    ]);
  });

  it('follows links, also in circles', async () => {
    await put('flight/DJI_0001.JPG');
    await symlink(folder, join(folder, 'flight', 'up'));
    await symlink(join(folder, 'flight'), join(folder, 'again'));
    await symlink(join(folder, 'flight', 'DJI_0001.JPG'), join(folder, 'copy.JPG'));
    const { files } = await readFolder(folder);
    expect(pathsOf(files)).toEqual(['copy.JPG', 'flight/DJI_0001.JPG']);
  });

  it('reports which photos cannot be read, and why', async () => {
    await put('DJI_0001.JPG');
    await symlink(join(folder, 'gone.JPG'), join(folder, 'DJI_0002.JPG'));
    const { files, unreadable } = await readFolder(folder);
    expect(pathsOf(files)).toEqual(['DJI_0001.JPG']);
    expect(unreadable).toEqual([
      { path: 'DJI_0002.JPG', reason: 'no such file (a broken link, or removed meanwhile)' },
    ]);
  });

  it('keeps names in any script', async () => {
    await put('DJI_202604071650_024_上云API/DJI_0001 ü.JPG');
    const { files } = await readFolder(folder);
    expect(pathsOf(files)).toEqual(['DJI_202604071650_024_上云API/DJI_0001 ü.JPG']);
  });
});

describe('md5OfFile', () => {
  it('is the MD5 of files larger than one chunk', async () => {
    const content = Buffer.alloc(3 * 1024 * 1024 + 17, 'drone');
    const file = join(folder, 'a.jpg');
    await writeFile(file, content);
    const reads: number[] = [];
    const md5 = await md5OfFile(file, undefined, (bytes) => reads.push(bytes));
    expect(md5).toBe(createHash('md5').update(content).digest('hex'));
    expect(reads.at(-1)).toBe(content.length);
  });
});

describe('an inode', () => {
  it('is compared only when the file system stores it', async () => {
    await put('DJI_0001.JPG');
    const { files } = await readFolder(folder);
    expect(files[0]?.inode).toBe((await stat(join(folder, 'DJI_0001.JPG'))).ino);
    const [ext4, vfat, exfat, fuse] = [0xef53, 0x4d44, 0x2011bab0, 0x65735546].map(keepsInodes);
    expect({ ext4, vfat, exfat, fuse }).toEqual({ ext4: true, vfat: false, exfat: false, fuse: false });
  });
});

describe('md5OfEnds', () => {
  const ends = async (content: Buffer): Promise<string> => {
    const file = join(folder, 'ends.bin');
    await writeFile(file, content);
    return md5OfEnds(file, content.length);
  };

  it.each([1, 64 * 1024, 64 * 1024 + 1, 128 * 1024, 1_000_000])(
    'changes with the last byte of %i',
    async (size) => {
      const content = Buffer.alloc(size, 'a');
      const before = await ends(content);
      content[size - 1] = 0;
      expect(await ends(content)).not.toBe(before);
    },
  );

  it('differs for files of different sizes with the same ends', async () => {
    expect(await ends(Buffer.alloc(500_000))).not.toBe(await ends(Buffer.alloc(500_001)));
  });
});

describe('diskState', () => {
  it('finds growth, truncation, a new modification time and removal', async () => {
    const path = await put('DJI_0001.JPG', 'twelve bytes');
    const find = async () => (await readFolder(folder)).files[0] as Parameters<typeof diskState>[0];
    const found = await find();
    expect(await diskState(found)).toBe('unchanged');
    await appendFile(path, '!');
    expect(await diskState(found)).toBe('changed');
    await truncate(path, 12);
    await utimes(path, 1, 1);
    expect(await diskState(found)).toBe('changed');
    await rm(path);
    expect(await diskState(found)).toBe('gone');
  });
});
