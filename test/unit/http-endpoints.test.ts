import type * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FAKE_USER } from '../../fakes/in-memory-identity-provider.ts';
import { InMemoryLibrary } from '../../fakes/in-memory-library.ts';
import { InMemoryMediaCatalog } from '../../fakes/in-memory-media-catalog.ts';
import type { TinyFingerprint } from '../../functions/core/fingerprint.ts';
import type { CredentialIssuer } from '../../functions/core/upload-credentials.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { fastUpload } from '../../functions/http/fast-upload.ts';
import { groupUploadCallback } from '../../functions/http/group-upload-callback.ts';
import { login } from '../../functions/http/login.ts';
import { sts } from '../../functions/http/sts.ts';
import { tinyFingerprints } from '../../functions/http/tiny-fingerprints.ts';
import { tokenRefresh } from '../../functions/http/token-refresh.ts';
import { handler as unknownRoute } from '../../functions/http/unknown-route.ts';
import { uploadCallback } from '../../functions/http/upload-callback.ts';
import { httpEndpoint } from '../../functions/middleware/http-endpoint.ts';
import { FAST_UPLOAD } from '../../functions/protocol/fast-upload.ts';
import { GROUP_UPLOAD_CALLBACK } from '../../functions/protocol/group-upload-callback.ts';
import { LOGIN, type SessionOutput, TOKEN_REFRESH } from '../../functions/protocol/sign-in.ts';
import { STS } from '../../functions/protocol/sts.ts';
import { TINY_FINGERPRINTS } from '../../functions/protocol/tiny-fingerprints.ts';
import { UPLOAD_CALLBACK } from '../../functions/protocol/upload-callback.ts';
import { fixture, fixtures } from '../fixtures/fixture.ts';
import {
  FINGERPRINT,
  FOREIGN_WORKSPACE,
  mediaFile,
  recordFile,
  storedObject,
  WORKSPACE,
} from '../fixtures/library.ts';
import { call, recordLog } from './http-requests.ts';

let library: InMemoryLibrary;
let catalog: InMemoryMediaCatalog;
let log: ReturnType<typeof recordLog>;

beforeEach(() => {
  catalog = new InMemoryMediaCatalog();
  library = new InMemoryLibrary(catalog);
  log = recordLog();
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('fast-upload', () => {
  const ask = (body: unknown) => call(httpEndpoint(FAST_UPLOAD, fastUpload(library)), { body });

  it('returns a miss with 200, code -1 and the original fingerprint', async () => {
    const { status, envelope } = await ask(fixture('pilot', 'fast-upload').body);
    expect(status).toBe(200);
    expect(envelope).toEqual({ code: -1, message: `${FINGERPRINT.toUpperCase()} does not exist`, data: {} });
  });

  it.each(fixtures('pilot', 'fast-upload'))('returns a hit with key and id for $name', async ({ body }) => {
    const file = await recordFile(catalog, mediaFile());
    library.storage.put(file.objectKey, storedObject());
    const { status, envelope } = await ask(body);
    expect(status).toBe(200);
    expect(envelope).toEqual({
      code: 0,
      message: 'success',
      data: { object_key: file.objectKey, file_id: expect.stringMatching(/^[0-9a-f]{48}$/) },
    });
  });

  it('keeps the raw message in the new entry', async () => {
    const file = await recordFile(catalog, mediaFile());
    library.storage.put(file.objectKey, storedObject());
    const { envelope } = await ask({ fingerprint: FINGERPRINT, name: 'new.jpg', ext: { future: [1] } });
    const { file_id } = envelope.data as { file_id: string };
    expect(JSON.parse(catalog.files.find(({ fileId }) => fileId === file_id)?.raw ?? '')).toHaveProperty(
      'ext.future',
      [1],
    );
  });

  it('is 500 while object storage fails, and not a miss', async () => {
    await recordFile(catalog, mediaFile());
    library.storage.failure = new Error('SlowDown');
    expect(await ask({ fingerprint: FINGERPRINT })).toMatchObject({ status: 500, envelope: { code: 500 } });
  });
});

describe('tiny-fingerprints', () => {
  const endpoint = () => httpEndpoint(TINY_FINGERPRINTS, tinyFingerprints(catalog));
  const known = ['a', 'b'].map((digit) => `${digit.repeat(32)}_2022_8_31_15_16_16` as TinyFingerprint);

  beforeEach(async () => {
    for (const [index, tinyFingerprint] of known.entries()) {
      await recordFile(catalog, mediaFile({ tinyFingerprint, objectKey: `${WORKSPACE}/a/b/${index}` }));
    }
  });

  it('returns those that exist, in the order of the request, each once', async () => {
    const missing = `${'c'.repeat(32)}_2022_8_31_15_16_16`;
    const asked = [known[1], missing, known[0], known[1], missing];
    const { envelope } = await call(endpoint(), { body: { tiny_fingerprints: asked } });
    expect(envelope).toEqual({
      code: 0,
      message: 'success',
      data: { tiny_fingerprints: [known[1], known[0]] },
    });
  });

  it('returns their original text, in any case', async () => {
    const { envelope } = await call(endpoint(), { body: [known[0]?.toUpperCase(), known[0]] });
    expect(envelope.data).toEqual({ tiny_fingerprints: [known[0]?.toUpperCase(), known[0]] });
  });

  it('ignores invalid text, and counts values that are not text once', async () => {
    await recordFile(catalog, mediaFile({ tinyFingerprint: 'unknown' as TinyFingerprint }));
    const body = { tiny_fingerprints: [7, 'unknown', null, known[0], '', { a: 1 }, 'x'.repeat(5000)] };
    const { status, envelope } = await call(endpoint(), { body });
    expect(status).toBe(200);
    expect(envelope.data).toEqual({ tiny_fingerprints: [known[0]] });
    expect(log.lines()).toContainEqual(
      expect.objectContaining({ message: 'handled', ignored_fields: ['tiny_fingerprints'] }),
    );
  });

  it('accepts the old GET, with encoded characters', async () => {
    const { status, envelope } = await call(endpoint(), {
      method: 'GET',
      query: `tiny_fingerprint=${known[1]}&tiny_fingerprint=a%2Bb&tiny_fingerprint=${known[0]}&x=1`,
    });
    expect(status).toBe(200);
    expect(envelope.data).toEqual({ tiny_fingerprints: [known[1], known[0]] });
  });

  it('is 400 for a GET without parameters', async () => {
    expect((await call(endpoint(), { method: 'GET' })).status).toBe(400);
  });

  it('returns an empty list for an empty one', async () => {
    expect((await call(endpoint(), { body: [] })).envelope.data).toEqual({ tiny_fingerprints: [] });
  });

  it('accepts ten thousand within the body limit, and refuses one more', async () => {
    const tiny = (index: number) => `${String(index).padStart(32, '0')}_2022_12_31_15_16_16`;
    const asked = Array.from({ length: 10_000 }, (_, index) => tiny(index));
    expect((await call(endpoint(), { body: { tiny_fingerprints: asked } })).status).toBe(200);
    const { status, envelope } = await call(endpoint(), { body: [...asked, tiny(10_000)] });
    expect(status).toBe(400);
    expect(envelope.message).toContain('10000');
  });
});

describe('sts', () => {
  const issued: string[] = [];
  const issuer: CredentialIssuer = {
    location: {
      provider: 'aws',
      bucket: 'media',
      endpoint: 'https://s3.example.com',
      region: 'eu-central-1',
    },
    issue: async ({ scope }) => {
      issued.push(scope);
      return {
        accessKeyId: 'ASIAEXAMPLE',
        secretAccessKey: 'very-secret-key',
        sessionToken: 'very-secret-token',
        expiresAt: new Date(Date.now() + 3_600_000),
      };
    },
  };

  it.each([
    ['POST', undefined],
    ['POST', ''],
    ['POST', '{}'],
    ['POST', '{"unknown":1}'],
    ['GET', undefined],
  ])('returns for %s with the body %j what DJI documents, and logs no key', async (method, body) => {
    const { status, envelope } = await call(httpEndpoint(STS, sts(issuer)), { method, body });
    expect(status).toBe(200);
    expect(envelope.data).toEqual({
      bucket: 'media',
      endpoint: 'https://s3.example.com',
      object_key_prefix: expect.stringMatching(`^${issued.at(-1)}/[0-9a-f]+$`),
      provider: 'aws',
      region: 'eu-central-1',
      credentials: {
        access_key_id: 'ASIAEXAMPLE',
        access_key_secret: 'very-secret-key',
        security_token: 'very-secret-token',
        expire: expect.any(Number),
      },
    });
    expect(log.text()).not.toContain('very-secret');
  });
});

describe('upload-callback', () => {
  const report = (body: unknown) => call(httpEndpoint(UPLOAD_CALLBACK, uploadCallback(library)), { body });

  it.each(fixtures('pilot', 'upload-callback'))(
    'acknowledges $name with its object key',
    async ({ body }) => {
      library.storage.put(body.object_key, storedObject());
      const { status, envelope } = await report(body);
      expect(status).toBe(200);
      expect(envelope).toEqual({ code: 0, message: 'success', data: { object_key: body.object_key } });
      expect(catalog.files).toHaveLength(Number(body.result ?? 0) === 0 ? 1 : 0);
      for (const kept of [...catalog.files, ...catalog.failures.values()]) {
        expect(JSON.parse(kept.raw ?? '')).toEqual(body);
      }
    },
  );

  it('is 404 for a missing object, with what to do', async () => {
    const { status, envelope } = await report(fixture('pilot', 'upload-callback').body);
    expect(status).toBe(404);
    expect(envelope).toMatchObject({ code: 404, message: expect.stringContaining('upload it'), data: {} });
  });

  it('is 403 for an object of another workspace', async () => {
    const { body } = fixture('pilot', 'upload-callback');
    const objectKey = body.object_key.replace(WORKSPACE, FOREIGN_WORKSPACE);
    library.storage.put(objectKey, storedObject());
    expect(await report({ ...body, object_key: objectKey })).toMatchObject({
      status: 403,
      envelope: { code: 403 },
    });
  });

  it('is 409 for a mismatch, and counts it in a metric', async () => {
    const { body } = fixture('pilot', 'upload-callback');
    library.storage.put(body.object_key, storedObject({ eTag: '0'.repeat(32) }));
    expect(await report(body)).toMatchObject({ status: 409, envelope: { code: 409 } });
    expect(log.lines().find((line) => 'IntegrityMismatch' in line)).toMatchObject({
      IntegrityMismatch: 1,
      _aws: { CloudWatchMetrics: [{ Namespace: 'MediaLibrary' }] },
    });
  });
});

describe('group-upload-callback', () => {
  const report = (body: unknown) =>
    call(httpEndpoint(GROUP_UPLOAD_CALLBACK, groupUploadCallback(library)), { body });

  it('keeps the counts of a group', async () => {
    const { body } = fixture('pilot', 'group-upload-callback');
    expect((await report(body)).envelope).toEqual({ code: 0, message: 'success', data: {} });
    expect(await catalog.findFlight(WORKSPACE, body.file_group_id)).toMatchObject({
      expectedFileCount: 12,
      uploadedFileCount: 7,
    });
  });

  it('acknowledges counts without a group, and stores none', async () => {
    const keep = vi.spyOn(catalog, 'recordProgress');
    const { body } = fixture('pilot', 'group-upload-callback-no-group');
    expect((await report(body)).envelope).toEqual({ code: 0, message: 'success', data: {} });
    expect(keep).not.toHaveBeenCalled();
  });
});

describe('sign-in', () => {
  const sessions = () => ({ people: library.people, store: library.sessions });
  const signIn = (body: unknown) =>
    call(httpEndpoint(LOGIN, login(sessions(), 'ssl://mqtt.example.com:8883')), { claims: null, body });
  const refresh = (request: { body?: unknown; headers?: Record<string, string> }) =>
    call(httpEndpoint(TOKEN_REFRESH, tokenRefresh(sessions(), '')), { claims: null, ...request });
  const sessionOf = ({ envelope }: Awaited<ReturnType<typeof call>>) =>
    envelope.data as v.InferOutput<typeof SessionOutput>;
  const signedIn = async (flag: 1 | 2 = 2) => sessionOf(await signIn({ ...FAKE_USER, flag }));

  beforeEach(() => {
    library.people.workspaceIds = [WORKSPACE, FOREIGN_WORKSPACE] as WorkspaceId[];
  });

  it("responds in DJI's form, with a refresh token", async () => {
    const { status, envelope } = await signIn({ ...fixture('pilot', 'login').body, ...FAKE_USER });
    expect(status).toBe(200);
    expect(envelope.data).toEqual({
      username: 'pilot',
      user_id: 'user-1',
      workspace_id: [WORKSPACE, FOREIGN_WORKSPACE].sort()[0],
      user_type: 2,
      access_token: expect.stringMatching(/^access-/),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      mqtt_addr: 'ssl://mqtt.example.com:8883',
      mqtt_username: '',
      mqtt_password: '',
    });
  });

  it('is 403 for a user without a workspace', async () => {
    library.people.workspaceIds = [];
    expect((await signIn(FAKE_USER)).status).toBe(403);
  });

  it('returns new tokens for a refresh token, and prefers it to the header', async () => {
    const session = await signedIn();
    const renewed = sessionOf(
      await refresh({
        body: { refresh_token: session.refresh_token },
        headers: { 'x-auth-token': 'broken' },
      }),
    );
    expect(renewed).toMatchObject({ access_token: expect.stringMatching(/^access-/), user_type: 2 });
    expect(renewed.access_token).not.toBe(session.access_token);
    expect(renewed.refresh_token).toMatch(/^[\w-]{43}$/);
    expect(renewed.refresh_token).not.toBe(session.refresh_token);
  });

  it.each([undefined, '', '{}', 'null', '{"refresh_token":null}'])(
    'returns a new token for that of the header with the body %j',
    async (body) => {
      for (const user_type of [1, 2] as const) {
        const { access_token } = await signedIn(user_type);
        const answer = await refresh({ body, headers: { 'x-auth-token': access_token } });
        expect(answer.status).toBe(200);
        const renewed = sessionOf(answer);
        expect(renewed).toMatchObject({ refresh_token: '', user_type, user_id: 'user-1' });
        expect(renewed.access_token).not.toBe(access_token);
      }
    },
  );

  it('is 401 for an invalid token and for none', async () => {
    for (const request of [{ headers: { 'x-auth-token': 'broken' } }, { body: { refresh_token: 'broken' } }])
      expect(await refresh(request)).toMatchObject({ status: 401, envelope: { code: 600103, data: {} } });
    expect(await refresh({})).toMatchObject({ status: 401, envelope: { code: 600101, data: {} } });
  });

  it('is 401 for a refresh token that was used twice', async () => {
    const first = await signedIn();
    const again = async (refresh_token: string) => refresh({ body: { refresh_token } });
    const second = sessionOf(await again(first.refresh_token));
    await again(second.refresh_token);
    expect(await again(first.refresh_token)).toMatchObject({ status: 401, envelope: { code: 600103 } });
  });

  it('logs neither password nor token', async () => {
    const session = await signedIn();
    await signIn({ username: 'pilot', password: 'hunter2-hunter2' });
    const renewed = [
      await refresh({ body: { refresh_token: session.refresh_token } }),
      await refresh({ headers: { 'x-auth-token': session.access_token } }),
    ].map(sessionOf);
    await refresh({ headers: { 'x-auth-token': 'secret-access' } });
    const secrets = [session, ...renewed].flatMap(({ access_token, refresh_token }) => [
      access_token,
      refresh_token,
    ]);
    for (const secret of ['hunter2', 'secret-access', ...secrets].filter(Boolean))
      expect(log.text()).not.toContain(secret);
  });
});

describe('an unknown route', () => {
  it.each([
    ['GET', undefined],
    ['POST', '{}'],
    ['POST', 'not json'],
    ['PUT', 'x'.repeat(2_000_000)],
    ['DELETE', ''],
  ])('is 404 for %s, with any body', async (method, body) => {
    const { status, envelope } = await call(unknownRoute, {
      method,
      path: '/media/api/v2/files',
      body,
      claims: null,
    });
    expect(status).toBe(404);
    expect(envelope).toEqual({
      code: 404,
      message: `There is no route ${method} /media/api/v2/files`,
      data: {},
    });
  });
});
