import { describe, expect, it } from 'vitest';
import { compareKeys } from '../../s3/store/key-order.ts';
import { ObjectIndex } from '../../s3/store/object-index.ts';
import type { ObjectVersion } from '../../s3/store/object-metadata.ts';
import { type Walk, walkKeys } from '../../s3/store/walk.ts';

let lastSequence = 0;
const version = (key: string, deleteMarker = false): ObjectVersion => {
  lastSequence += 1;
  return {
    key,
    versionId: `version-${lastSequence}`,
    sequence: lastSequence,
    lastModified: 0,
    deleteMarker,
    size: 1,
    eTag: 'etag',
  };
};

function walk(index: ObjectIndex, options: Partial<Walk> = {}): string[] {
  const isListed = (key: string) => index.latest(key)?.deleteMarker === false;
  const entries = walkKeys(index, { prefix: '', delimiter: '', ...options }, isListed);
  return [...entries].map((entry) => ('key' in entry ? entry.key : `${entry.commonPrefix} …`));
}

describe('the index of a bucket', () => {
  it('orders keys by their UTF-8 bytes, as S3 does', () => {
    const keys = ['a', 'A', 'a/b', 'a!', 'é', '上', '\uffee', '😀', '\u{10ffff}', 'ab', ''];
    const byBytes = [...keys].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    expect([...keys].sort(compareKeys)).toEqual(byBytes);
    // The plain comparison of strings gets this one wrong.
    expect(compareKeys('\uffee', '😀')).toBeLessThan(0);
  });

  it('stays ordered when keys are added and removed', () => {
    const index = new ObjectIndex([version('m'), version('c')]);
    for (const key of ['z', 'a', 'd', 'm']) index.put(version(key));
    const first = index.latest('c');
    index.remove('c', first?.versionId ?? '');
    expect(walk(index)).toEqual(['a', 'd', 'm', 'z']);
    expect(index.versions('m')).toHaveLength(2);
  });

  it('treats the latest written version as the current one, in any order of reading', () => {
    const [old, middle, latest] = [version('k'), version('k'), version('k')];
    const index = new ObjectIndex([middle, latest, old]);
    expect(index.versions('k')).toEqual([latest, middle, old]);
    index.remove('k', latest.versionId);
    expect(index.latest('k')).toBe(middle);
  });

  it('finds common prefixes without reading each key', () => {
    const keys = Array.from({ length: 20_000 }, (_, number) => `flight/${String(number).padStart(6, '0')}`);
    const index = new ObjectIndex(['a', ...keys, 'flight0', 'z/1', 'z/2'].map((key) => version(key)));
    let looked = 0;
    const entries = walkKeys(index, { prefix: '', delimiter: '/' }, () => {
      looked += 1;
      return true;
    });
    expect([...entries]).toHaveLength(4);
    expect(looked).toBeLessThan(20);
    expect(walk(index, { delimiter: '/' })).toEqual(['a', 'flight/ …', 'flight0', 'z/ …']);
  });

  it('has no common prefixes of deleted keys', () => {
    const index = new ObjectIndex([version('gone/1', true), version('here/1'), version('here/0', true)]);
    expect(walk(index, { delimiter: '/' })).toEqual(['here/ …']);
    expect(walk(index)).toEqual(['here/1']);
  });

  it('continues after a key, or after a common prefix', () => {
    const index = new ObjectIndex(['a/1', 'a/2', 'b', 'c/1'].map((key) => version(key)));
    expect(walk(index, { after: 'a/1' })).toEqual(['a/2', 'b', 'c/1']);
    expect(walk(index, { after: 'a/1', delimiter: '/' })).toEqual(['a/ …', 'b', 'c/ …']);
    expect(walk(index, { afterGroup: 'a/', delimiter: '/' })).toEqual(['b', 'c/ …']);
    expect(walk(index, { prefix: 'a/', after: 'c' })).toEqual([]);
  });
});
