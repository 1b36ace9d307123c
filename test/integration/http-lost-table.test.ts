import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type HttpAnswer, type Photo, type PilotDevice, photo, TestStack } from './stack-fixture.ts';

/** A stack whose table somebody has deleted, with a file that was uploaded before. */
let stack: TestStack;
let pilot: PilotDevice;
let file: Photo;
let objectKey: string;

beforeAll(async () => {
  stack = await TestStack.start();
  pilot = await stack.pilot();
  file = photo();
  objectKey = await pilot.upload(file);
  await stack.dynamoDb().send(new DeleteTableCommand({ TableName: stack.endpoints.table }));
});
afterAll(() => stack.close());

function expectFaultOf({ status, headers, envelope, text }: HttpAnswer) {
  const requestId = headers.get('x-request-id') ?? '';
  expect(status).toBe(500);
  expect(requestId).not.toBe('');
  expect(envelope).toEqual({ code: 500, message: expect.stringContaining(requestId), data: {} });
  expect(text).not.toMatch(/table|Exception|dynamodb/i);
}

it('fast-upload fails, and is not a miss', async () => {
  expectFaultOf(await pilot.ask('fast-upload', { body: { fingerprint: file.fingerprint } }));
});

it('tiny-fingerprints fails, and is not an empty list', async () => {
  expectFaultOf(await pilot.ask('files/tiny-fingerprints', { body: [file.tinyFingerprint] }));
});

it('upload-callback fails, and is not acknowledged', async () => {
  const next = photo();
  expectFaultOf(await pilot.report(next, await pilot.put(next)));
});

it('group-upload-callback fails', async () => {
  const body = { file_group_id: 'group-1', file_count: 1, file_uploaded_count: 1 };
  expectFaultOf(await pilot.ask('group-upload-callback', { body }));
});

it('sts succeeds, and the object is still there', async () => {
  await pilot.credentials();
  const { bucket } = stack.endpoints;
  await expect(
    stack.s3().send(new HeadObjectCommand({ Bucket: bucket, Key: objectKey })),
  ).resolves.toBeDefined();
});

it('is logged as an error with the request id', async () => {
  const answer = await pilot.ask('fast-upload', { body: { fingerprint: file.fingerprint } });
  expect(stack.functionLog()).toContainEqual(
    expect.objectContaining({ level: 'ERROR', request_id: answer.headers.get('x-request-id') }),
  );
});
