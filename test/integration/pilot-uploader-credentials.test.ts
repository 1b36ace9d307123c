/** The uploader when its token or its credentials expire. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeLibrary } from './pilot-fake-library.ts';
import { MEBIBYTE, md5, noise, UploaderFixture } from './pilot-uploader-fixture.ts';

let fixture: UploaderFixture;
let library: FakeLibrary;

beforeEach(async () => {
  fixture = await UploaderFixture.start();
  library = fixture.library;
});
afterEach(() => fixture.close());

const put = (...file: Parameters<UploaderFixture['put']>) => fixture.put(...file);
const run = (...options: Parameters<UploaderFixture['run']>) => fixture.run(...options);

describe('the token', () => {
  it('is renewed before it expires', async () => {
    await put('DJI_0001.JPG');
    library.tokenLifeInSeconds = 0;
    const summary = await run();
    expect(summary).toMatchObject({ uploaded: 1, failed: 0 });
    expect(library.callsTo('login')).toHaveLength(1);
    expect(library.callsTo('refresh').length).toBeGreaterThan(1);
  });

  it('is renewed when it is refused', async () => {
    for (let number = 0; number < 4; number++) await put(`DJI_${number}.JPG`);
    let uploads = 0;
    library.intercept = ({ method }) => {
      if (method === 'PUT' && ++uploads === 2) library.revokeTokens();
      return undefined;
    };
    expect(await run()).toMatchObject({ uploaded: 4, failed: 0 });
    expect(library.callsTo('login')).toHaveLength(1);
    expect(library.callsTo('refresh')).toHaveLength(1);
  });

  it('is replaced by a new sign-in when it cannot be refreshed', async () => {
    await put('DJI_0001.JPG');
    let refused = false;
    library.intercept = ({ path }) => {
      if (path.endsWith('/refresh')) return { status: 401, body: { code: 401, message: 'no', data: {} } };
      if (path.endsWith('/fast-upload') && !refused) {
        refused = true;
        return { status: 401, body: { message: 'Unauthorized' } };
      }
      return undefined;
    };
    expect(await run()).toMatchObject({ uploaded: 1 });
    expect(library.callsTo('login')).toHaveLength(2);
  });
});

describe('credentials', () => {
  it('are renewed when they expire too soon for the next file', async () => {
    await put('DJI_0001.JPG');
    await put('DJI_0002.JPG');
    library.credentialLifeInSeconds = 30;
    expect(await run({ concurrency: 1 })).toMatchObject({ uploaded: 2, failed: 0 });
    // One before the first file, and one for each, since all expire within a minute.
    expect(library.callsTo('sts')).toHaveLength(3);
  });

  it('are renewed when storage refuses them as expired', async () => {
    await put('DJI_0001.JPG');
    let refused = false;
    library.intercept = ({ method }) => {
      if (method !== 'PUT' || refused) return undefined;
      refused = true;
      return { status: 400, body: '<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>' };
    };
    expect(await run()).toMatchObject({ uploaded: 1, failed: 0 });
    expect(library.callsTo('sts')).toHaveLength(2);
  });
});

describe('credentials that expire during the upload of a large file', () => {
  /** Uploads 30 MiB in six parts. The third one calls `spoil`. */
  async function uploadSpoilt(spoil: () => void): Promise<void> {
    const content = noise(30 * MEBIBYTE);
    await put('DJI_0001.MP4', content);
    let spoilt = false;
    library.intercept = ({ query }) => {
      if (query.get('partNumber') === '3' && !spoilt) {
        spoilt = true;
        spoil();
      }
      return undefined;
    };
    expect(await run({ concurrency: 1, partSizeInBytes: 5 * MEBIBYTE })).toMatchObject({
      uploaded: 1,
      failed: 0,
    });
    expect([...library.objects.values()].map(md5)).toEqual([md5(content)]);
    expect(library.callsTo('sts')).toHaveLength(2);
  }

  const createdUploads = () =>
    library.requests.filter(({ method, query }) => method === 'POST' && query.has('uploads')).length;

  it('are renewed, and the upload continues under its key', async () => {
    await uploadSpoilt(() => library.expireCredentials());
    expect(createdUploads()).toBe(1);
    expect(library.openUploads.size).toBe(0);
    expect(library.abortedUploads).toEqual([]);
    const parts = library.requests.filter(({ query }) => query.has('partNumber'));
    expect(parts).toHaveLength(7);
    expect(new Set(parts.map(({ path }) => path)).size).toBe(1);
  });

  it('are renewed, and the upload starts again when the new ones have another scope', async () => {
    library.scope = 'of each answer';
    await uploadSpoilt(() => library.expireCredentials());
    expect(createdUploads()).toBe(2);
    const paths = library.requests.filter(({ query }) => query.has('partNumber')).map(({ path }) => path);
    expect(new Set(paths).size).toBe(2);
  });
});
