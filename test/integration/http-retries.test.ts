import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { recordLog } from '../unit/http-requests.ts';
import { type FaultyAws, json, jsonError, startFaultyAws, xmlError } from './faulty-aws.ts';
import { type Functions, loadFunctions } from './faulty-functions.ts';

let aws: FaultyAws;
let log: ReturnType<typeof recordLog>;
let functions: Functions;

beforeAll(async () => {
  aws = await startFaultyAws();
  functions = await loadFunctions(aws.address);
});
afterAll(async () => {
  functions.unload();
  await aws.close();
});

beforeEach(() => {
  aws.requests.length = 0;
  log = recordLog();
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('a transient fault', () => {
  it.each([
    [
      'tiny-fingerprints',
      jsonError('ProvisionedThroughputExceededException'),
      json({ Responses: { 'media-table': [] } }),
    ],
    ['fast-upload', jsonError('InternalServerError', 500), json({})],
    ['group-upload-callback', 'drop', json({})],
  ] as const)('is retried by the SDK before %s answers', async (name, fault, answer) => {
    aws.answer = () => (aws.requests.length <= 2 ? fault : answer);
    expect((await functions.ask(name)).status).toBe(200);
    expect(aws.requests.length).toBeGreaterThanOrEqual(3);
  });

  it('of STS is retried by the function', async () => {
    aws.answer = () =>
      aws.requests.length === 1
        ? xmlError('Throttling', 400)
        : {
            status: 200,
            body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>device-secret-key</SecretAccessKey><SessionToken>device-session-token</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
          };

    expect(await functions.ask('sts')).toMatchObject({ status: 200, envelope: { code: 0 } });
    expect(aws.requests.map(({ operation }) => operation)).toEqual(['AssumeRole', 'AssumeRole']);
    expect(log.text()).not.toMatch(/device-secret-key|device-session-token/);
  });
});
