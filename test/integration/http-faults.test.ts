import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { fileKey, fingerprintPartition, nameSortKey } from '../../functions/adapters/media-table-keys.ts';
import { FINGERPRINT, mediaFile } from '../fixtures/library.ts';
import { type Answer, GATEWAY_REQUEST_ID, recordLog } from '../unit/http-requests.ts';
import {
  type AwsAnswer,
  type AwsRequest,
  type FaultyAws,
  json,
  jsonError,
  startFaultyAws,
  xmlError,
} from './faulty-aws.ts';
import { CALLBACK_OBJECT_KEY, type FunctionName, type Functions, loadFunctions } from './faulty-functions.ts';

let aws: FaultyAws;
let log: ReturnType<typeof recordLog>;
let functions: Functions;

beforeAll(async () => {
  aws = await startFaultyAws();
  // Without the SDK's retries, which have tests of their own and take their time.
  functions = await loadFunctions(aws.address, { AWS_MAX_ATTEMPTS: '1' });
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

const ask = (name: FunctionName, remainingInMilliseconds?: number) =>
  functions.ask(name, {}, remainingInMilliseconds);

const operations = () => aws.requests.map(({ service, operation }) => `${service} ${operation}`);

const FILE = mediaFile({ objectKey: CALLBACK_OBJECT_KEY, versionId: 'null' });
const { pk, sk } = fileKey(FILE.workspaceId, FILE.fileId);
const OBJECT = { object_key: { S: FILE.objectKey }, version_id: { S: FILE.versionId } };
/** Who speaks for the bytes. */
const HOLDERS = json({
  Items: [
    {
      pk: { S: fingerprintPartition(FILE.workspaceId, FINGERPRINT) },
      sk: { S: nameSortKey(FILE) },
      entity: { S: 'fingerprint' },
      file_id: { S: FILE.fileId },
      name: { S: FILE.name },
      reported: { BOOL: true },
      ...OBJECT,
    },
  ],
});
const ENTRY_ITEM = {
  pk: { S: pk },
  sk: { S: sk },
  entity: { S: 'file' },
  name: { S: FILE.name },
  md5: { S: FINGERPRINT },
  fingerprint: { S: FINGERPRINT },
  size: { N: '1' },
  etag: { S: FINGERPRINT },
  reported_by: { M: { kind: { S: 'pilot' }, name: { S: 'pilot' } } },
  reported_at: { S: '2026-01-01T00:00:00.000Z' },
  raw: { S: '{}' },
  ...OBJECT,
};
const ENTRY = json({ Item: ENTRY_ITEM });
/** Reads find the file; undefined for writes. */
const known = ({ operation }: AwsRequest): AwsAnswer | undefined =>
  ({ Query: HOLDERS, GetItem: ENTRY })[operation];
const STORED: AwsAnswer = { status: 200, headers: { etag: `"${FINGERPRINT}"`, 'content-length': '1' } };

/** The catalog works and knows the file; object storage does what the test says. */
const withObjectStorage =
  (answer: AwsAnswer) =>
  (request: AwsRequest): AwsAnswer => {
    if (request.service === 's3') return answer;
    return known(request) ?? json({});
  };

function expectFaultOf({ status, headers, envelope, text }: Answer) {
  expect(status).toBeGreaterThanOrEqual(500);
  expect(envelope.code).toBe(status);
  expect(envelope.data).toEqual({});
  expect(envelope.message).toContain(GATEWAY_REQUEST_ID);
  expect(headers['x-request-id']).toBe(GATEWAY_REQUEST_ID);
  expect(text).not.toMatch(/internal detail|127\.0\.0\.1|media-table|media-bucket|arn:|Exception|ECONN/);
  expect(log.text()).toContain('"level":"ERROR"');
  expect(log.text()).not.toMatch(/function-secret-key|function-session-token/);
}

describe.each([
  ['throttles', jsonError('ProvisionedThroughputExceededException')],
  ['throttles by another name', jsonError('ThrottlingException')],
  ['fails', jsonError('InternalServerError', 500)],
  ['refuses', jsonError('AccessDeniedException')],
  ['has no such table', jsonError('ResourceNotFoundException')],
  ['ends the connection', 'drop'],
  ['answers nonsense', { status: 502, body: '<html>Bad Gateway</html>' }],
] satisfies [string, AwsAnswer][])('while DynamoDB %s', (_fault, answer) => {
  it.each(['fast-upload', 'tiny-fingerprints', 'upload-callback', 'group-upload-callback'] as const)(
    '%s fails with an error that the device retries',
    async (name) => {
      aws.answer = ({ service }) => (service === 's3' ? STORED : answer);
      expectFaultOf(await ask(name));
    },
  );
});

describe.each([
  ['asks to slow down', xmlError('SlowDown', 503)],
  ['fails', xmlError('InternalError', 500)],
  ['refuses', { status: 403 }],
  ['sends elsewhere', { status: 301 }],
  ['ends the connection', 'drop'],
] satisfies [string, AwsAnswer][])('while S3 %s', (_fault, answer) => {
  it('fast-upload is neither a hit nor a miss, and keeps the claims', async () => {
    aws.answer = withObjectStorage(answer);
    expectFaultOf(await ask('fast-upload'));
    expect(operations()).not.toContain('dynamodb DeleteItem');
    expect(operations()).not.toContain('dynamodb PutItem');
  });

  it('upload-callback is not acknowledged, and nothing is written', async () => {
    aws.answer = withObjectStorage(answer);
    expectFaultOf(await ask('upload-callback'));
    expect(operations()).not.toContain('dynamodb PutItem');
    expect(operations()).not.toContain('dynamodb UpdateItem');
  });
});

describe.each([
  ['throttles', xmlError('Throttling', 400)],
  ['refuses', xmlError('AccessDenied', 403)],
  ['fails', xmlError('InternalFailure', 500)],
  ['ends the connection', 'drop'],
] satisfies [string, AwsAnswer][])('while STS %s', (_fault, answer) => {
  it('sts fails without credentials', async () => {
    aws.answer = () => answer;
    expectFaultOf(await ask('sts'));
  });
});

describe.each([
  ['throttles', jsonError('TooManyRequestsException')],
  ['fails', jsonError('InternalErrorException', 500)],
  ['does not know the client', jsonError('ResourceNotFoundException')],
  ['ends the connection', 'drop'],
] satisfies [string, AwsAnswer][])('while Cognito %s', (_fault, answer) => {
  it.each(['login', 'token-refresh'] as const)('%s fails, and is not refused', async (name) => {
    aws.answer = () => answer;
    expectFaultOf(await ask(name));
  });
});

describe('a fault in the middle', () => {
  it('is not acknowledged when the file is written but its claims are not', async () => {
    let claims = 0;
    aws.answer = ({ service, operation, body }) => {
      if (service === 's3') return STORED;
      if (operation === 'UpdateItem') return json({ Attributes: ENTRY_ITEM });
      if (operation === 'PutItem' && body.includes('FLIGHT#')) return json({});
      claims += 1;
      return jsonError('AccessDeniedException');
    };
    expectFaultOf(await ask('upload-callback'));
    expect(claims).toBeGreaterThan(0);
  });

  it('is no hit when the entry of a link cannot be written', async () => {
    aws.answer = (request) => {
      if (request.service === 's3') return STORED;
      return known(request) ?? jsonError('AccessDeniedException');
    };
    expectFaultOf(await ask('fast-upload'));
  });

  it('is no miss when the claim of a missing object cannot be deleted', async () => {
    aws.answer = (request) => {
      if (request.service === 's3') return { status: 404 };
      return known(request) ?? jsonError('AccessDeniedException');
    };
    expectFaultOf(await ask('fast-upload'));
  });
});

describe('a service that does not respond', () => {
  it.each(['fast-upload', 'tiny-fingerprints', 'upload-callback', 'sts', 'login'] as const)(
    'makes %s fail before Lambda ends the function',
    async (name) => {
      aws.answer = () => 'hang';
      expectFaultOf(await ask(name, 700));
    },
  );
});

describe('a catalog that is slow to process keys', () => {
  it('is 503 for tiny-fingerprints, and never "not stored"', async () => {
    const key = { pk: { S: 'a' }, sk: { S: 'b' } };
    aws.answer = () =>
      json({ Responses: { 'media-table': [] }, UnprocessedKeys: { 'media-table': { Keys: [key] } } });
    const answer = await ask('tiny-fingerprints');
    expectFaultOf(answer);
    expect(answer.status).toBe(503);
  });
});
