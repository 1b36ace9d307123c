import { describe, expect, it } from 'vitest';
import { fileGroupId } from '../../devices/common/flight-id.ts';
import { type FlightGroup, GroupReports, groupByFolder } from '../../devices/pilot/flight-groups.ts';

const WORKSPACE = '3b0e4f3c-2a6e-4a4a-9d5b-0a1f5f3b7c11';
const file = (path: string, tinyFingerprint = path) => ({
  path,
  directory: path.split('/').slice(0, -1).join('/'),
  tinyFingerprint,
});

describe('groupByFolder', () => {
  it('makes one group for each folder', () => {
    const groups = groupByFolder([file('a/1.jpg'), file('b/1.jpg'), file('a/2.jpg')], [], WORKSPACE, '/card');
    expect([...groups.values()].map(({ directory, fileCount }) => [directory, fileCount])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(groups.get('a')?.fileGroupId).not.toBe(groups.get('b')?.fileGroupId);
  });

  it('counts files that cannot be read: without them the flight is not complete', () => {
    const unreadable = ['2.jpg', 'a/2.jpg', 'a/b/2.jpg'];
    const groups = groupByFolder([file('1.jpg'), file('a/1.jpg')], unreadable, WORKSPACE, '/card');
    expect([...groups.values()].map(({ directory, fileCount }) => [directory, fileCount])).toEqual([
      ['', 2],
      ['a', 2],
    ]);
  });

  it('returns the same group for another mount, another parent folder, and with more files', () => {
    const idOf = (files: ReturnType<typeof file>[], directory: string, root: string) =>
      groupByFolder(files, [], WORKSPACE, root).get(directory)?.fileGroupId;
    const first = idOf([file('DJI_001/1.jpg', 'tiny 1')], 'DJI_001', '/media/card/DCIM');
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(idOf([file('1.jpg', 'tiny 1')], '', '/mnt/DJI_001')).toBe(first);
    expect(idOf([file('DJI_001/2.jpg', 'tiny 2'), file('DJI_001/1.jpg', 'tiny 1')], 'DJI_001', '/x')).toBe(
      first,
    );
  });

  it('distinguishes workspaces, folders and flights', () => {
    const ids = [
      fileGroupId(WORKSPACE, 'DJI_001', 'tiny'),
      fileGroupId(WORKSPACE.replace('3b', '4b'), 'DJI_001', 'tiny'),
      fileGroupId(WORKSPACE, 'DJI_002', 'tiny'),
      fileGroupId(WORKSPACE, 'DJI_001', 'other'),
    ];
    expect(new Set(ids).size).toBe(4);
  });
});

describe('GroupReports', () => {
  const group = (): FlightGroup => ({ fileGroupId: 'group', directory: '', fileCount: 9, storedCount: 0 });

  it('are sent one at a time, with the latest counts', async () => {
    const sent: number[] = [];
    let underWay = 0;
    const reports = new GroupReports(async (_id, _count, stored) => {
      expect(++underWay).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      underWay--;
      sent.push(stored);
    }, 20);
    const flight = group();
    for (let stored = 0; stored <= 9; stored++) {
      flight.storedCount = stored;
      reports.changed(flight);
    }
    expect(await reports.settle(flight)).toBeUndefined();
    expect(sent).toEqual([0, 9]);
  });

  it('have a minimum time between them', async () => {
    const sent: number[] = [];
    const reports = new GroupReports(async (_id, _count, stored) => {
      sent.push(stored);
    }, 30);
    const flight = group();
    for (let stored = 0; stored < 9; stored++) {
      flight.storedCount = stored;
      reports.changed(flight);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(sent.length).toBeGreaterThan(1);
    expect(sent.length).toBeLessThan(6);
    reports.stop();
    const soFar = [...sent];
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent).toEqual(soFar);
    expect(await reports.settle(flight)).toBeUndefined();
    expect(sent.at(-1)).toBe(8);
  });

  it('are sent again at the end when one was lost', async () => {
    const sent: number[] = [];
    let faults = 1;
    const reports = new GroupReports(async (_id, _count, stored) => {
      if (faults-- > 0) throw new Error('lost');
      sent.push(stored);
    });
    const flight = group();
    flight.storedCount = 9;
    reports.changed(flight);
    expect(await reports.settle(flight)).toBeUndefined();
    expect(sent).toEqual([9]);
  });

  it('give the reason when the last one failed', async () => {
    const reports = new GroupReports(async () => {
      throw new Error('nobody there');
    });
    const flight = group();
    reports.changed(flight);
    expect(await reports.settle(flight)).toBe('nobody there');
  });
});
