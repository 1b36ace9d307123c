import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Photo, type PilotDevice, photo, TestStack } from './stack-fixture.ts';

let stack: TestStack;
let pilot: PilotDevice;

beforeAll(async () => {
  stack = await TestStack.start();
  pilot = await stack.pilot();
});
afterAll(() => stack.close());

async function knows({ tinyFingerprint }: Photo): Promise<boolean> {
  const { envelope } = await pilot.ask('files/tiny-fingerprints', { body: [tinyFingerprint] });
  return (envelope.data as unknown as { tiny_fingerprints: string[] }).tiny_fingerprints.length === 1;
}

const remove = (Key: string, VersionId?: string) =>
  stack.s3().send(new DeleteObjectCommand({ Bucket: stack.endpoints.bucket, Key, VersionId }));

const forgotten = () => stack.functionLog().filter(({ message }) => message === 'object removed').length;

it('no device hears that the library has a removed object, though nobody asked fast-upload', async () => {
  const [gone, kept] = [photo(), photo()];
  const objectKey = await pilot.upload(gone);
  await pilot.upload(kept);
  await remove(objectKey);
  await vi.waitFor(async () => expect(await knows(gone)).toBe(false), { timeout: 10_000, interval: 100 });
  expect(await knows(kept)).toBe(true);
});

it('a removed old version takes nothing from the object that is there', async () => {
  const file = photo();
  const objectKey = await pilot.upload(file);
  const Bucket = stack.endpoints.bucket;
  const { VersionId } = await stack.s3().send(new HeadObjectCommand({ Bucket, Key: objectKey }));
  await stack.s3().send(new PutObjectCommand({ Bucket, Key: objectKey, Body: file.bytes }));
  const before = forgotten();
  await remove(objectKey, VersionId);
  await vi.waitFor(() => expect(forgotten()).toBeGreaterThan(before), { timeout: 10_000, interval: 50 });
  expect(await knows(file)).toBe(true);
  expect((await pilot.ask('fast-upload', { body: { fingerprint: file.fingerprint } })).envelope.code).toBe(0);
});
