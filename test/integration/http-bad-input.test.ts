import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type HttpAnswer,
  isToldByBucketOnly,
  type Photo,
  type PilotDevice,
  photo,
  TestStack,
} from './stack-fixture.ts';

const ENDPOINTS = [
  'fast-upload',
  'files/tiny-fingerprints',
  'sts',
  'upload-callback',
  'group-upload-callback',
] as const;
const WITH_BODY = ENDPOINTS.filter((endpoint) => endpoint !== 'sts');

let stack: TestStack;
let pilot: PilotDevice;
let foreigner: PilotDevice;

beforeAll(async () => {
  stack = await TestStack.start();
  pilot = await stack.pilot(0);
  foreigner = await stack.pilot(1);
});
afterAll(() => stack.close());

/** Everything in the table that devices have told, to tell that nothing was written. */
async function tableContent(): Promise<string> {
  const { Items = [] } = await stack.dynamoDb().send(new ScanCommand({ TableName: stack.endpoints.table }));
  const told = Items.filter((item) => !isToldByBucketOnly(item));
  return JSON.stringify(told.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)));
}

/** A refusal as the protocol wants it: its status, the envelope, a request id. */
function expectRefusal({ status, headers, envelope }: HttpAnswer, expected: number, code: number) {
  expect(status).toBe(expected);
  expect(envelope).toEqual({ code, message: expect.stringMatching(/./), data: {} });
  expect(headers.get('content-type')).toContain('application/json');
  expect(headers.get('x-request-id')).toMatch(/./);
}

describe('bad input writes nothing', () => {
  let before: string;
  let file: Photo;
  let objectKey: string;

  beforeEach(async () => {
    file = photo();
    objectKey = await pilot.put(file);
    before = await tableContent();
  });
  afterEach(async () => {
    expect(await tableContent()).toBe(before);
  });

  it.each(WITH_BODY)('no body: %s is 400', async (endpoint) => {
    expectRefusal(await pilot.ask(endpoint), 400, 200001);
    expectRefusal(await pilot.ask(endpoint, { body: '' }), 400, 200001);
  });

  it.each(ENDPOINTS)('not JSON: %s is 400', async (endpoint) => {
    for (const body of ['{', 'a=b', '<xml/>', '{"fingerprint":"a"} trailing', '\u0000']) {
      expectRefusal(await pilot.ask(endpoint, { body }), 400, 200001);
    }
  });

  it.each(WITH_BODY)('wrong types: %s is 400', async (endpoint) => {
    const wrong = {
      fingerprint: 1,
      tiny_fingerprints: 'x',
      name: {},
      object_key: [],
      result: 'ok',
      file_group_id: 7,
      file_count: 'many',
      file_uploaded_count: null,
      ext: 'x',
      metadata: [1],
    };
    for (const body of [wrong, 'null', 'true', '7', '"text"']) {
      expectRefusal(await pilot.ask(endpoint, { body }), 400, 200001);
    }
  });

  it.each(ENDPOINTS)('a body over 1 MB: %s is 413', async (endpoint) => {
    expectRefusal(await pilot.ask(endpoint, { body: `{"x":"${'x'.repeat(1_000_000)}"}` }), 413, 200001);
  });

  it('a callback over 128 KB is 413', async () => {
    expectRefusal(await pilot.report(file, objectKey, { padding: 'x'.repeat(128_000) }), 413, 200001);
  });

  it('10,001 tiny fingerprints are 400, and 10,000 are not', async () => {
    const tiny = (index: number) => `${String(index).padStart(32, '0')}_2022_12_31_15_16_16`;
    const asked = Array.from({ length: 10_000 }, (_, index) => tiny(index));
    expect((await pilot.ask('files/tiny-fingerprints', { body: asked })).envelope).toEqual({
      code: 0,
      message: 'success',
      data: { tiny_fingerprints: [] },
    });
    const tooMany = await pilot.ask('files/tiny-fingerprints', { body: [...asked, tiny(10_000)] });
    expectRefusal(tooMany, 400, 200001);
    expect(tooMany.envelope.message).toContain('10000');
  });

  describe('an object key outside the workspace is 403', () => {
    const outside: [string, () => string][] = [
      ['another workspace', () => objectKey.replace(pilot.workspaceId, foreigner.workspaceId)],
      ['..', () => `${pilot.workspaceId}/../${foreigner.workspaceId}/a/b.jpg`],
      ['.. that comes back', () => objectKey.replace('/', '/x/../')],
      ['an encoded slash', () => objectKey.replace('/', '%2F')],
      ['an encoded slash and ..', () => `${pilot.workspaceId}%2f..%2f${foreigner.workspaceId}/b.jpg`],
      ['a backslash', () => `${pilot.workspaceId}\\..\\${foreigner.workspaceId}\\b.jpg`],
      ["this workspace's id as the beginning of another", () => objectKey.replace('/', 'x/')],
      ["another workspace's id in front", () => `${foreigner.workspaceId}/${objectKey}`],
      ['a leading slash', () => `/${objectKey}`],
      ['an empty folder', () => objectKey.replace('/', '//')],
      ['the workspace alone', () => pilot.workspaceId],
      ['more than 1,024 bytes', () => `${pilot.workspaceId}/${'上'.repeat(400)}`],
    ];

    it.each(outside)('by %s', async (_what, keyOf) => {
      expectRefusal(await pilot.report(file, keyOf()), 403, 403);
      expectRefusal(await pilot.report(file, keyOf(), { result: 1 }), 403, 403);
    });

    it('even if the other workspace has that object', async () => {
      const theirs = await foreigner.put(file);
      expectRefusal(await pilot.report(file, theirs), 403, 403);
    });
  });

  it.each([
    'demo',
    '*',
    'E3DEA0F5-37F2-4D79-AE58-490AF3228069',
    'e3dea0f537f24d79ae58490af3228069',
    `${'a'.repeat(8)}-${'a'.repeat(4)}-${'a'.repeat(4)}-${'a'.repeat(4)}-${'a'.repeat(13)}`,
    '%20',
    '..%2f',
  ])('the workspace id %s is 400', async (workspaceId) => {
    for (const endpoint of ENDPOINTS) expectRefusal(await pilot.ask(endpoint, { workspaceId }), 400, 200001);
  });

  it("this workspace's id with a suffix is 400", async () => {
    for (const tail of ['x', '%20', '%0a', '%00']) {
      const workspaceId = pilot.workspaceId + tail;
      expectRefusal(await pilot.ask('sts', { workspaceId }), 400, 200001);
    }
  });

  it.each(ENDPOINTS)('a token of another workspace: %s is 403', async (endpoint) => {
    const { workspaceId } = pilot;
    for (const body of [undefined, {}, 'not json', { fingerprint: file.fingerprint }]) {
      expectRefusal(await foreigner.ask(endpoint, { workspaceId, body }), 403, 403);
    }
  });

  it('an unknown workspace is 403 too', async () => {
    const workspaceId = '00000000-0000-4000-8000-000000000000';
    expectRefusal(await pilot.ask('sts', { workspaceId }), 403, 403);
  });

  it.each(ENDPOINTS)('no token or a broken one: %s is 401', async (endpoint) => {
    const token = pilot.session.access_token;
    const [header, payload, signature] = token.split('.');
    const otherPayload = Buffer.from(
      JSON.stringify({
        ...JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()),
        'cognito:groups': [foreigner.workspaceId],
      }),
    ).toString('base64url');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    for (const broken of [
      undefined,
      '',
      'broken',
      'a.b.c',
      token.slice(0, -4),
      `${header}.${otherPayload}.${signature}`,
      `${unsigned}.${payload}.`,
      pilot.session.refresh_token,
    ]) {
      const { status, envelope } = await pilot.ask(endpoint, { token: broken });
      expect(status).toBe(401);
      expect(envelope?.code).not.toBe(0);
    }
  });

  it.each([
    ['GET', '/'],
    ['POST', '/media/api/v1/workspaces'],
    ['POST', '/media/api/v2/workspaces/x/fast-upload'],
    ['DELETE', '/storage/api/v1/workspaces/x/sts'],
    ['PUT', '/manage/api/v1/login'],
    ['POST', '/manage/api/v1/login/'],
    ['POST', '/MEDIA/api/v1/login'],
  ])('the unknown route %s %s is 404', async (method, path) => {
    for (const body of method === 'GET' ? [undefined] : [undefined, {}, 'not json', 'x'.repeat(1_100_000)]) {
      expectRefusal(await stack.request(path, { method, body }), 404, 404);
    }
  });

  it('keys with the names of prototypes change nothing', async () => {
    const body = `{"fingerprint":"${'0'.repeat(32)}","__proto__":{"code":0},"ext":{"constructor":{"prototype":{"code":0}}}}`;
    const { status, envelope } = await pilot.ask('fast-upload', { body });
    expect(status).toBe(200);
    expect(envelope).toMatchObject({ code: -1, data: {} });
  });

  it('a deeply nested body is no server error', async () => {
    const body = `{"fingerprint":"x","unknown":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    const { status } = await pilot.ask('fast-upload', { body: body.slice(0, 100_000) });
    expect(status).toBe(400);
    expect((await pilot.ask('files/tiny-fingerprints', { body })).status).toBe(400);
  });

  it('an unpaired surrogate in an object key is no server error', async () => {
    const body = `{"name":"a","object_key":"${pilot.workspaceId}/a\\ud800.jpg"}`;
    const { status, envelope } = await pilot.ask('upload-callback', { body });
    expect([400, 403, 404]).toContain(status);
    expect(envelope).toMatchObject({ data: {} });
  });
});

describe('a refusal', () => {
  it('does not repeat the input', async () => {
    const secret = 'do-not-repeat-this';
    const answers = [
      await stack.request('/manage/api/v1/login', {
        body: { username: [secret], password: { [secret]: secret } },
      }),
      await stack.request('/manage/api/v1/login', { body: `{"password":"${secret}", oops` }),
      await stack.request('/manage/api/v1/token/refresh', { body: { refresh_token: secret } }),
      await pilot.ask('fast-upload', { body: { fingerprint: [secret] } }),
    ];
    for (const { text } of answers) expect(text).not.toContain(secret);
  });
});

describe('X-Request-ID', () => {
  it('is echoed, and is in the log line', async () => {
    const id = 'dev-7f3a/1';
    const { headers } = await pilot.ask('sts', { headers: { 'X-Request-ID': id } });
    expect(headers.get('x-request-id')).toBe(id);
    expect(stack.functionLog()).toContainEqual(
      expect.objectContaining({ message: 'handled', request_id: id, status: 200 }),
    );
  });

  it('is echoed with a refusal', async () => {
    const { headers } = await pilot.ask('fast-upload', { body: 'no', headers: { 'X-Request-ID': 'r-400' } });
    expect(headers.get('x-request-id')).toBe('r-400');
  });

  it('is generated when it is missing or invalid', async () => {
    for (const headers of [{}, { 'X-Request-ID': 'x'.repeat(500) }, { 'X-Request-ID': 'a b' }]) {
      const { headers: answered } = await pilot.ask('sts', { headers });
      expect(answered.get('x-request-id')).toMatch(/^[\x21-\x7e]{8,128}$/);
    }
  });
});
