import { request } from 'node:http';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamoDbMediaCatalog } from '../../functions/adapters/dynamodb-media-catalog.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { fetchFunctionEnvironment } from '../../local/function-environment.ts';
import { entryFacts, mediaFile } from '../fixtures/library.ts';
import { TestStack } from './stack-fixture.ts';

let stack: TestStack;
let page: string;
let objectKey: string;

const NAME = '<img src=x onerror=alert(1)>.jpg';

beforeAll(async () => {
  stack = await TestStack.start();
  ({ page } = stack.endpoints);
  const workspaceId = stack.endpoints.users[0]?.workspace_id as WorkspaceId;
  objectKey = `${workspaceId}/a/b/上云 & co.html`;
  const { VersionId: versionId = '' } = await stack.s3().send(
    new PutObjectCommand({
      Bucket: stack.endpoints.bucket,
      Key: objectKey,
      Body: 'bytes',
      ContentType: 'text/html',
    }),
  );
  const file = mediaFile({ workspaceId, objectKey, versionId, name: NAME, flightId: 'flight-1' });
  await dynamoDbMediaCatalog(stack.endpoints.table, stack.dynamoDb()).merge(entryFacts(file));
});

afterAll(async () => {
  await stack.pilot();
  await stack.close();
});

test('the page shows a flight and its files, with escaped names', async () => {
  const html = await (await fetch(page)).text();
  expect(html).toContain('Flight flight-1');
  expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;.jpg');
  expect(html).not.toContain('<img src=x');
});

test('the page has an ETag, and is 304 for it', async () => {
  const first = await fetch(page);
  const tag = first.headers.get('etag') ?? '';
  expect((await fetch(page, { headers: { 'if-none-match': tag } })).status).toBe(304);
});

test('an object that is no picture is downloaded, and not shown as a page', async () => {
  const answer = await fetch(`${page}/object?key=${encodeURIComponent(objectKey)}`);
  expect(await answer.text()).toBe('bytes');
  expect(answer.headers.get('content-type')).toBe('application/octet-stream');
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename\*=UTF-8''/);
});

test('the page has a strict content security policy', async () => {
  const { headers } = await fetch(page);
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
  expect((await fetch(`${page}/library.js`)).headers.get('content-type')).toMatch(/^text\/javascript/);
});

test('requests with another host name are refused', async () => {
  const { port } = new URL(page);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request({ port, host: '127.0.0.1', headers: { host: 'library.example.com' } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(403);
});

test.each([
  ['/nothing', 404],
  ['/object?key=missing.jpg', 404],
])('%s is %i', async (path, status) => {
  expect((await fetch(page + path)).status).toBe(status);
});

test("the environment of a function requires the administrator's secret", async () => {
  const { endpoints } = stack;
  const environment = await fetchFunctionEnvironment(endpoints, 'fast-upload');
  expect(environment).toMatchObject({
    MEDIA_TABLE_NAME: endpoints.table,
    MEDIA_BUCKET_NAME: endpoints.bucket,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/),
  });
  expect(await fetchFunctionEnvironment(endpoints, 'slow-upload')).toBeUndefined();
  for (const secret_access_key of ['', 'x'.repeat(endpoints.root.secret_access_key.length)]) {
    const stranger = { ...endpoints, root: { ...endpoints.root, secret_access_key } };
    await expect(fetchFunctionEnvironment(stranger, 'fast-upload')).rejects.toThrow('403');
  }
});
