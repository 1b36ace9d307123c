import { createHash, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { InMemoryLibrary } from '../../fakes/in-memory-library.ts';
import type { Fingerprint } from '../../functions/core/fingerprint.ts';
import { linkExistingFile } from '../../functions/core/link-existing-file.ts';
import { type FileDescription, fileState } from '../../functions/core/media-file.ts';
import {
  type ReconcileFinding,
  type ReconcileOptions,
  type ReconcileProgress,
  reconcile,
} from '../../functions/core/reconcile.ts';
import { recordUpload } from '../../functions/core/record-upload.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { catalogs } from './catalogs.ts';

const md5 = (text: string) => createHash('md5').update(text).digest('hex') as Fingerprint;
const PILOT = { kind: 'pilot', name: 'pilot' } as const;

describe.each(catalogs())('reconciling a catalog %s', (_name, open) => {
  let library: InMemoryLibrary;
  let workspaceId: WorkspaceId;
  let findings: ReconcileFinding[];

  beforeEach(() => {
    library = new InMemoryLibrary(open());
    workspaceId = randomUUID() as WorkspaceId;
    findings = [];
  });

  const keyOf = (name: string, workspace = workspaceId) => `${workspace}/scope/a/${name}`;
  const put = (name: string, eTag: string = md5(name), objectKey = keyOf(name)) =>
    library.storage.put(objectKey, { eTag, storedAt: '2026-01-01T00:00:00.000Z' });
  const report = (name: string, file: Partial<FileDescription> = {}, objectKey = keyOf(name)) =>
    recordUpload(library, {
      workspaceId,
      objectKey,
      result: 0,
      file: { name, fingerprint: md5(name), capture: {}, ...file },
      reporter: PILOT,
      raw: '{}',
    });
  const isHit = (name: string) =>
    linkExistingFile(library, {
      workspaceId,
      fingerprint: md5(name),
      asked: md5(name),
      file: { name, capture: {} },
      reporter: PILOT,
      raw: '{}',
    }).then(
      () => true,
      () => false,
    );

  /** Runs until the end, or until a page after which it is stopped. */
  const run = async (
    options: Partial<ReconcileOptions> = {},
    stopAfter?: ReconcileProgress['stage'],
  ): Promise<ReconcileProgress> => {
    let last: ReconcileProgress | undefined;
    const steps = reconcile(
      { ...library, storage: library.storage, histories: library.storage, lists: library.lists },
      {
        // The table holds other tests' entries as well.
        workspaceId,
        signal: new AbortController().signal,
        onFinding: (finding) => void findings.push(finding),
        ...options,
      },
    );
    for await (const progress of steps) {
      last = progress;
      if (progress.stage === stopAfter) break;
    }
    if (last === undefined) throw new Error('It did nothing');
    return last;
  };
  const listed = async (removed = false) =>
    (await library.lists.listFiles(workspaceId, { limit: 100, removed })).items;
  const found = () => findings.map(({ what }) => what);

  it('finds no difference when there is none', async () => {
    put('1.jpg');
    await report('1.jpg');
    const { stage, counts } = await run();
    expect(stage).toBe('done');
    expect(counts).toMatchObject({ objectKeys: 1, versions: 1, entries: 1, added: 0, failures: 0 });
    expect(findings).toEqual([]);
  });

  it('adds entries for versions without one, named after their keys, and hits for them', async () => {
    for (const name of ['1.jpg', '2.jpg']) put(name);
    put('2.jpg', md5('an earlier state'));
    put('hidden.jpg');
    library.storage.hide(keyOf('hidden.jpg'));
    const { counts } = await run();
    expect(counts).toMatchObject({ objectKeys: 3, versions: 3, added: 3, entries: 3 });
    const files = await listed();
    expect(files.map(({ name }) => name).sort()).toEqual(['1.jpg', '2.jpg', '2.jpg']);
    expect(files.map((file) => fileState(file, Date.now()))).toEqual(Array(3).fill('unreported'));
    expect(await isHit('1.jpg')).toBe(true);
    expect(await isHit('hidden.jpg')).toBe(false);
    findings = [];
    expect((await run()).counts).toMatchObject({ added: 0, claimed: 0 });
  });

  it('marks entries whose bytes were removed, with their links, and restores those that are back', async () => {
    for (const name of ['destroyed.jpg', 'hidden.jpg', 'back.jpg']) {
      put(name);
      await report(name);
    }
    await linkExistingFile(library, {
      workspaceId,
      fingerprint: md5('destroyed.jpg'),
      asked: '',
      file: { name: 'link.jpg', capture: {} },
      reporter: PILOT,
      raw: '{}',
    });
    const marker = library.storage.hide(keyOf('back.jpg'));
    await run();
    expect((await listed(true)).map(({ name }) => name)).toEqual(['back.jpg']);

    library.storage.histories.delete(keyOf('destroyed.jpg'));
    library.storage.hide(keyOf('hidden.jpg'));
    library.storage.destroy(keyOf('back.jpg'), marker);
    findings = [];
    expect((await run()).counts).toMatchObject({ removed: 3, restored: 1 });
    expect(found().sort()).toEqual(['removed', 'removed', 'removed', 'restored']);
    expect((await listed()).map(({ name }) => name)).toEqual(['back.jpg']);
    expect(await isHit('destroyed.jpg')).toBe(false);
    expect(await isHit('back.jpg')).toBe(true);
  });

  it('sends events for flights whose state has changed unnoticed', async () => {
    put('1.jpg');
    await report('1.jpg', { flightId: 'flight-1' });
    expect(library.told).toEqual([]);
    await library.catalog.recordProgress(
      { workspaceId, flightId: 'flight-1', owner: 'pilot' },
      { expectedFileCount: 1, uploadedFileCount: 0, heardAt: new Date().toISOString() },
    );
    expect((await run()).counts).toMatchObject({ flights: 1 });
    expect(library.published).toMatchObject([{ type: 'FlightStateChanged', detail: { state: 'complete' } }]);
    library.storage.histories.clear();
    expect((await run()).counts).toMatchObject({ removed: 1, flights: 1 });
    expect(library.published.at(-1)).toMatchObject({
      detail: { state: 'uploading', previous_state: 'complete', received_file_count: 0 },
    });
  });

  it('adds claims that a crash has left out, and marks one of two equal entries as a spare', async () => {
    put('1.jpg');
    await report('1.jpg');
    const [file] = await listed();
    if (file) await library.catalog.releaseClaims(file);
    expect((await run()).counts).toMatchObject({ claimed: 1 });
    expect(await isHit('1.jpg')).toBe(true);

    // Its report was lost and the upload repeated, of which no notification came.
    const again = keyOf('1.jpg').replace('/a/', '/b/');
    put('1.jpg', md5('1.jpg'), again);
    await run();
    expect(await listed()).toHaveLength(1);
  });

  it('requests digests of versions without a known MD5, or reads them itself', async () => {
    for (const name of ['1.mp4', '2.mp4', '3.mp4'])
      library.storage.bytes.set(put(name, `${name}-2`).versionId, Buffer.from(name));
    await report('1.mp4');
    await report('2.mp4', { fingerprint: md5('other bytes') });
    library.digestRequests.length = 0;
    expect((await run()).counts).toMatchObject({ added: 1, unread: 3 });
    expect(library.digestRequests.map(({ objectKey }) => objectKey).sort()).toEqual(
      ['1.mp4', '2.mp4', '3.mp4'].map((name) => keyOf(name)),
    );
    const { counts } = await run({ digester: library.digester });
    expect(counts).toMatchObject({ unread: 3, mismatched: 1 });
    expect(library.digestRequests).toHaveLength(3);
    expect((await listed()).map(({ name, integrity }) => [name, integrity]).sort()).toEqual([
      ['1.mp4', 'verified'],
      ['2.mp4', 'mismatch'],
      ['3.mp4', 'verified'],
    ]);
    expect((await run()).counts).toMatchObject({ unread: 0 });
  });

  it('changes nothing in a dry run, and finds the same', async () => {
    put('1.jpg');
    await report('1.jpg', { flightId: 'flight-1' });
    const [file] = await listed();
    if (file) await library.catalog.releaseClaims(file);
    put('new.jpg');
    library.storage.bytes.set(put('parts.mp4', 'parts-2').versionId, Buffer.from('parts.mp4'));
    put('gone.jpg');
    await report('gone.jpg');
    library.storage.histories.delete(keyOf('gone.jpg'));
    const before = await listed();
    await run({ changesNothing: true });
    expect(found().sort()).toEqual(['added', 'added', 'claimed', 'removed', 'unread']);
    expect(await listed()).toEqual(before);
    expect(library.digestRequests).toEqual([]);
    expect(library.told).toEqual([]);
    findings = [];
    await run();
    expect(found().sort()).toEqual(['added', 'added', 'claimed', 'flight', 'removed', 'unread']);
  });

  it.each([true, false])('counts each removed entry once (dry run: %s)', async (changesNothing) => {
    const destroyed: string[] = [];
    for (const [name, kept] of [
      ['some.jpg', 1],
      ['all.jpg', 0],
    ] as const) {
      for (let version = 0; version < 3; version++) {
        const { versionId } = put(name, md5(`${name} ${version}`));
        await report(name, { fingerprint: md5(`${name} ${version}`) });
        if (version >= kept) destroyed.push(versionId);
      }
    }
    await linkExistingFile(library, {
      workspaceId,
      fingerprint: md5('all.jpg 2'),
      asked: '',
      file: { name: 'link.jpg', capture: {} },
      reporter: PILOT,
      raw: '{}',
    });
    for (const name of ['some.jpg', 'all.jpg'])
      for (const versionId of destroyed) library.storage.destroy(keyOf(name), versionId);
    const { scanEntries } = library.lists;
    // One entry a page.
    library.lists.scanEntries = async (cursor = '0') => {
      const { items } = await scanEntries.call(library.lists, undefined);
      const own = items.filter((file) => file.workspaceId === workspaceId);
      const next = Number(cursor) + 1;
      return { items: own.slice(Number(cursor), next), ...(next < own.length && { cursor: `${next}` }) };
    };
    const { counts } = await run({ changesNothing });
    expect(counts).toMatchObject({ removed: 6, entries: 7, failures: 0 });
    expect(found().filter((what) => what === 'removed')).toHaveLength(6);
    library.lists.scanEntries = scanEntries;
  });

  it('continues where it was stopped, with its counts', async () => {
    for (let index = 0; index < 10; index++) put(`${index}.jpg`);
    let last: ReconcileProgress | undefined;
    let runs = 0;
    while (last?.stage !== 'done') {
      // One page a run.
      last = await run({ pageSize: 3, from: last }, last?.stage ?? 'bucket');
      runs += 1;
    }
    expect(runs).toBe(4);
    expect(last.counts).toMatchObject({ objectKeys: 10, added: 10, entries: 10 });
    expect(await listed()).toHaveLength(10);
  });

  it('repeats a page in which it was stopped, and counts nothing twice', async () => {
    for (let index = 0; index < 40; index++) put(`${index}.jpg`);
    const interrupt = new AbortController();
    const onFinding = (finding: ReconcileFinding) => {
      findings.push(finding);
      interrupt.abort();
    };
    const stopped = await run({ onFinding, signal: interrupt.signal });
    expect(stopped).toMatchObject({ stage: 'bucket', counts: { objectKeys: 0 } });
    expect(stopped.counts.added).toBeLessThan(40);
    expect(stopped.counts.added).toBe(findings.length);
    const { counts } = await run({ from: stopped });
    expect(counts).toMatchObject({ objectKeys: 40, versions: 40, added: 40, entries: 40 });
  });

  it('of one workspace does not change others', async () => {
    const other = randomUUID() as WorkspaceId;
    put('1.jpg');
    put('2.jpg', md5('2.jpg'), keyOf('2.jpg', other));
    put('notes.txt', md5('notes'), 'notes.txt');
    expect((await run()).counts).toMatchObject({ objectKeys: 1, added: 1, ignored: 0, entries: 1 });
    expect((await library.lists.listFiles(other, { limit: 10 })).items).toEqual([]);
    expect((await run({ workspaceId: other })).counts).toMatchObject({ added: 1 });
  });

  it('continues after a key that fails, and reports it', async () => {
    for (const name of ['1.jpg', '2.jpg', '3.jpg']) put(name);
    const { find } = library.storage;
    library.storage.find = async (objectKey, versionId) => {
      if (objectKey === keyOf('2.jpg')) throw new Error('SlowDown');
      return find.call(library.storage, objectKey, versionId);
    };
    const { counts } = await run();
    expect(counts).toMatchObject({ added: 2 });
    expect(findings).toContainEqual({
      what: 'failure',
      objectKey: keyOf('2.jpg'),
      error: new Error('SlowDown'),
    });
    library.storage.find = find;
    await run();
    expect(await listed()).toHaveLength(3);
  });

  it('stops when every key fails', async () => {
    for (let index = 0; index < 60; index++) put(`${index}.jpg`);
    library.storage.find = async () => {
      throw new Error('AccessDenied');
    };
    await expect(run()).rejects.toThrow('AccessDenied');
    expect(findings.length).toBeLessThan(60);
  });
});

it('counts objects that are not uploads of a workspace, and ignores them', async () => {
  const library = new InMemoryLibrary();
  library.storage.put('logs/2026.txt', { eTag: md5('log') });
  const signal = new AbortController().signal;
  const all = { ...library, storage: library.storage, histories: library.storage, lists: library.lists };
  const steps = reconcile(all, { signal, onFinding: () => {} });
  let progress: ReconcileProgress | undefined;
  for await (progress of steps);
  expect(progress?.counts).toMatchObject({ ignored: 1, objectKeys: 0, added: 0, entries: 0 });
});
