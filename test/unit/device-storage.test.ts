import { describe, expect, it } from 'vitest';
import { PartBuffers } from '../../devices/common/part-buffers.ts';
import type { StorageAccess } from '../../devices/common/storage-access.ts';
import { objectKey, StorageLeases } from '../../devices/common/storage-leases.ts';
import { needsPathStyle } from '../../devices/common/storage-session.ts';

const MEBIBYTE = 1024 * 1024;

/** Leases whose clock the test winds, from a server that gives each answer a prefix of its own. */
function leasesLiving(
  seconds: number,
  prefixOf: (answer: number) => string = (answer) => `workspace/${answer}`,
) {
  let nowInMilliseconds = 1_000_000;
  let answers = 0;
  const ask = async (): Promise<StorageAccess> => ({
    bucket: 'media',
    endpoint: 'http://127.0.0.1:9701',
    region: 'eu-central-1',
    provider: 'aws',
    objectKeyPrefix: prefixOf(++answers),
    accessKeyId: 'id',
    accessKeySecret: 'secret',
    securityToken: 'token',
    obtainedAtInMilliseconds: nowInMilliseconds,
    expiresAtInMilliseconds: nowInMilliseconds + seconds * 1000,
  });
  const wind = (seconds: number): void => {
    nowInMilliseconds += seconds * 1000;
  };
  return { leases: new StorageLeases(ask, () => nowInMilliseconds), answers: () => answers, wind };
}

describe('objectKey', () => {
  it('is prefix, folder and name, in any script', () => {
    expect(objectKey('workspace/1', 'DJI_0001.JPG')).toBe('workspace/1/DJI_0001.JPG');
    expect(objectKey('workspace/1', 'DJI_024_上云API/ü 1.JPG')).toBe('workspace/1/DJI_024_上云API/ü 1.JPG');
  });
});

describe('StorageLeases', () => {
  it('share one response between the files of a run', async () => {
    const { leases, answers } = leasesLiving(3300);
    await Promise.all([leases.forUpload(1), leases.forUpload(1), leases.forUpload(1)]);
    await leases.forUpload(20 * MEBIBYTE);
    expect(answers()).toBe(1);
  });

  it('request new credentials before the old ones expire', async () => {
    const { leases, answers, wind } = leasesLiving(900);
    await leases.forUpload(MEBIBYTE);
    wind(838);
    await leases.forUpload(MEBIBYTE);
    expect(answers()).toBe(1);
    wind(2);
    await leases.forUpload(MEBIBYTE);
    expect(answers()).toBe(2);
  });

  it('request new ones for a large file when a small one can still use the old ones', async () => {
    const { leases, answers, wind } = leasesLiving(3300);
    await leases.forUpload(MEBIBYTE);
    wind(1800);
    await leases.forUpload(MEBIBYTE);
    expect(answers()).toBe(1);
    await leases.forUpload(1700 * MEBIBYTE);
    expect(answers()).toBe(2);
  });

  it.each([
    ['the prefix is the same', () => 'workspace', 'workspace/a.jpg'],
    ['the prefixes have one scope', (answer: number) => `workspace/user/${answer}`, 'workspace/user/1/a.jpg'],
  ])('keep the key when %s', async (_what, prefixOf, key) => {
    const { leases, answers, wind } = leasesLiving(900, prefixOf);
    const first = await leases.forUpload(MEBIBYTE);
    expect(await leases.continuing(first, key)).toBe(first);
    wind(850);
    const next = await leases.continuing(first, key);
    expect(next.expiresAtInMilliseconds).toBeGreaterThan(first.expiresAtInMilliseconds);
    expect(await leases.continuing(first, key)).toBe(next);
    expect(answers()).toBe(2);
  });

  it('keep the old credentials when the new ones are for another place', async () => {
    const { leases, answers, wind } = leasesLiving(900, (answer) => `workspace/${answer}/files`);
    const first = await leases.forUpload(MEBIBYTE);
    wind(850);
    expect(await leases.continuing(first, 'workspace/1/files/a.jpg')).toBe(first);
    expect(await leases.continuing(first, 'workspace/1/files/b.jpg')).toBe(first);
    expect(answers()).toBe(2);
    expect(leases.isExpired(first)).toBe(false);
    wind(50);
    expect(leases.isExpired(first)).toBe(true);
  });

  it('replace expired credentials once for all files', async () => {
    const { leases, answers } = leasesLiving(900, (answer) => `workspace/user/${answer}`);
    const first = await leases.forUpload(MEBIBYTE);
    const ask = () => leases.replacing(first, 'workspace/user/1/a.jpg');
    const [one, two] = await Promise.all([ask(), ask()]);
    expect(one).not.toBe(first);
    expect(two).toBe(one);
    expect(await ask()).toBe(one);
    expect(answers()).toBe(2);
  });
});

describe('PartBuffers', () => {
  it('are limited in number, and each is used by one upload at a time', async () => {
    const buffers = new PartBuffers(2, 10);
    const first = await buffers.acquire();
    const second = await buffers.acquire();
    expect(second.item).not.toBe(first.item);
    let third: Buffer | undefined;
    const waiting = buffers.acquire().then((buffer) => {
      third = buffer.item;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(third).toBeUndefined();
    first.release();
    first.release();
    await waiting;
    expect(third).toBe(first.item);
  });

  it('end waiting when it is aborted', async () => {
    const buffers = new PartBuffers(1, 10);
    const held = await buffers.acquire();
    const stop = new AbortController();
    const stopped = buffers.acquire(stop.signal);
    const patient = buffers.acquire();
    stop.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
    held.release();
    expect((await patient).item).toBe(held.item);
    await expect(buffers.acquire(stop.signal)).rejects.toThrow('stopped');
  });
});

describe('needsPathStyle', () => {
  it.each([
    ['http://127.0.0.1:9701', 'aws', true],
    ['http://[::1]:9701', 'aws', true],
    ['http://localhost:9000', 'aws', true],
    ['https://minio.example', 'minio', true],
    ['https://s3.eu-central-1.amazonaws.com', 'aws', false],
    ['https://oss-cn-hangzhou.aliyuncs.com', 'ali', false],
  ])('of %s as %s is %s', (endpoint, provider, expected) => {
    expect(needsPathStyle(endpoint, provider)).toBe(expected);
  });
});
