import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { flightKey } from '../../functions/adapters/media-table-keys.ts';
import { STALLED_AFTER_IN_SECONDS } from '../../functions/core/flight.ts';
import type { LibraryEvents, LibraryEventType } from '../../functions/core/library-events.ts';
import type { BusEvent } from '../../packages/local-aws/index.ts';
import { type Dock, DockStack, report } from './dock-fixture.ts';
import { type PilotDevice, photo } from './stack-fixture.ts';

/** The check after 15 minutes comes after these seconds. */
const CHECKED_AFTER_IN_SECONDS = 6;
const DEADLINE = { timeout: 30_000, interval: 50 };

let stack: DockStack;
let dock: Dock;
let pilot: PilotDevice;

beforeAll(async () => {
  stack = await DockStack.start({
    timeScales: { delay: CHECKED_AFTER_IN_SECONDS / STALLED_AFTER_IN_SECONDS },
  });
  dock = await stack.dock(0);
  pilot = await stack.pilotOf(dock);
});
// It compares every event with its schema in docs/events.md as well.
afterAll(() => stack?.close());

/** `detail` of the events of one type that fit, in the order in which they were sent. */
function sent<Type extends LibraryEventType>(
  type: Type,
  expected: Partial<LibraryEvents[Type]>,
): LibraryEvents[Type][] {
  const matches = expect.objectContaining(expected as object) as { asymmetricMatch(value: unknown): boolean };
  return stack.stack.events
    .filter((event: BusEvent) => event['detail-type'] === type && matches.asymmetricMatch(event.detail))
    .map(({ detail }) => detail as unknown as LibraryEvents[Type]);
}
const becomes = <Type extends LibraryEventType>(
  type: Type,
  fit: Partial<LibraryEvents[Type]>,
  expected: readonly object[],
) => vi.waitFor(() => expect(sent(type, fit)).toMatchObject(expected), DEADLINE);

describe('FileRecorded', () => {
  it('is sent for an upload of Pilot, with what is known of it', async () => {
    const file = photo();
    const object_key = await pilot.upload(file, {
      path: 'flight path',
      ext: { file_group_id: 'recorded', sn: 'DRONE1', tinny_fingerprint: file.tinyFingerprint },
      metadata: { created_time: '2024-05-16T11:42:07+02:00' },
    });
    await becomes('FileRecorded', { object_key }, [
      {
        version: 1,
        workspace_id: pilot.workspaceId,
        name: file.name,
        path: 'flight path',
        kind: 'photo',
        size: file.bytes.length,
        integrity: 'verified',
        md5: file.fingerprint,
        flight_id: 'recorded',
        drone_sn: 'DRONE1',
        captured_at: '2024-05-16T09:42:07.000Z',
        reporter: { kind: 'pilot', name: pilot.session.username },
      },
    ]);
  });

  it('is sent for a file of a dock', async () => {
    const object_key = await dock.upload(randomUUID(), photo('dock.JPG'));
    await becomes('FileRecorded', { object_key }, [
      { name: 'dock.JPG', integrity: 'verified', reporter: { kind: 'dock', name: dock.sn } },
    ]);
  });

  it('is sent for another name of the same bytes, with an id of its own', async () => {
    const file = photo();
    const object_key = await pilot.upload(file);
    await becomes('FileRecorded', { object_key }, [{ name: file.name }]);
    const { envelope } = await pilot.ask('fast-upload', {
      body: { fingerprint: file.fingerprint, name: 'copy.JPG' },
    });
    expect(envelope.code).toBe(0);
    await becomes('FileRecorded', { object_key, name: 'copy.JPG' }, [{ file_id: envelope.data['file_id'] }]);
  });

  it('is not sent before a device reports the file', async () => {
    const [unreported, next] = [photo('unreported.JPG'), photo('next.JPG')];
    const object_key = await pilot.put(unreported);
    const key = await pilot.upload(next);
    await becomes('FileRecorded', { object_key: key }, [{}]);
    expect(sent('FileRecorded', { object_key })).toEqual([]);
    expect((await pilot.report(unreported, object_key)).envelope.code).toBe(0);
    await becomes('FileRecorded', { object_key }, [{ name: 'unreported.JPG' }]);
  });
});

describe('FileVerified', () => {
  /** All events are as expected. There may be two: the report and the notification can both request the reading. */
  const isVerified = (object_key: string, expected: Partial<LibraryEvents['FileVerified']>) =>
    vi.waitFor(() => {
      const events = sent('FileVerified', { object_key });
      expect(events).not.toEqual([]);
      expect(events).toMatchObject(events.map(() => expected));
    }, DEADLINE);

  it('is sent when an upload in parts has been read', async () => {
    const file = photo('parts.MP4');
    const object_key = await pilot.putInParts(file);
    expect((await pilot.report(file, object_key)).envelope.code).toBe(0);
    await isVerified(object_key, {
      name: 'parts.MP4',
      kind: 'video',
      integrity: 'verified',
      md5: file.fingerprint,
    });
    await vi.waitFor(() => expect(sent('FileRecorded', { object_key })).not.toEqual([]), DEADLINE);
  });

  it('says when the bytes are others than reported', async () => {
    const file = photo('other.MP4');
    const object_key = await pilot.putInParts(file);
    const { fingerprint } = photo();
    expect((await pilot.report(file, object_key, { fingerprint })).envelope.code).toBe(0);
    await isVerified(object_key, { integrity: 'mismatch', md5: file.fingerprint });
  });
});

describe('UploadRefused', () => {
  it.each([
    ['object-missing', async () => `${(await pilot.credentials()).object_key_prefix}/missing.JPG`],
    ['integrity-mismatch', () => pilot.put(photo('different.JPG'))],
    ['object-key-outside-workspace', async () => `${randomUUID()}/elsewhere.JPG`],
  ] as const)('is sent with the reason %s', async (reason, keyOf) => {
    const object_key = await keyOf();
    expect((await pilot.report(photo('refused.JPG'), object_key)).envelope.code).not.toBe(0);
    await becomes('UploadRefused', { object_key }, [
      {
        workspace_id: pilot.workspaceId,
        name: 'refused.JPG',
        reason,
        reporter: { kind: 'pilot', name: pilot.session.username },
      },
    ]);
  });

  it('is sent for a report of a dock', async () => {
    const { object_key_prefix } = await dock.credentials();
    const object_key = `${object_key_prefix}/missing.JPG`;
    expect(await dock.callback(report({ name: 'missing.JPG' }, object_key))).toEqual({ result: 404 });
    await becomes('UploadRefused', { object_key }, [
      { reason: 'object-missing', reporter: { kind: 'dock', name: dock.sn } },
    ]);
  });
});

describe('FlightStateChanged', () => {
  const task = (expected_file_count: number, uploaded_file_count: number) => ({
    expected_file_count,
    uploaded_file_count,
  });

  it("is sent when a state of Pilot's flight begins, and for no other message", async () => {
    const flight_id = randomUUID();
    const ext = { file_group_id: flight_id };
    const count = (file_count: number, file_uploaded_count: number) =>
      pilot.ask('group-upload-callback', { body: { ...ext, file_count, file_uploaded_count } });
    const states: object[] = [
      { state: 'uploading', expected_file_count: 2, received_file_count: 0, received_bytes: 0 },
    ];
    await count(2, 0);
    await becomes('FlightStateChanged', { flight_id }, states);
    expect(sent('FlightStateChanged', { flight_id })[0]).not.toHaveProperty('previous_state');
    const [first, second] = [photo('1.JPG'), photo('2.JPG')];
    await pilot.upload(first, { ext });
    await count(2, 2);
    states.push({
      previous_state: 'uploading',
      state: 'reported-complete',
      uploaded_file_count: 2,
      received_file_count: 1,
    });
    await becomes('FlightStateChanged', { flight_id }, states);

    const object_key = await pilot.upload(second, { ext });
    states.push({ previous_state: 'reported-complete', state: 'complete', received_file_count: 2 });
    await becomes('FlightStateChanged', { flight_id }, states);
    const { bucket: Bucket } = stack.endpoints;
    const { VersionId } = await stack.stack.s3().send(new DeleteObjectCommand({ Bucket, Key: object_key }));
    states.push({ previous_state: 'complete', state: 'reported-complete', received_file_count: 1 });
    await becomes('FlightStateChanged', { flight_id }, states);
    await stack.stack.s3().send(new DeleteObjectCommand({ Bucket, Key: object_key, VersionId }));
    states.push({ previous_state: 'reported-complete', state: 'complete', received_file_count: 2 });
    await becomes('FlightStateChanged', { flight_id }, states);
    for (const { received_bytes } of sent('FlightStateChanged', { flight_id, received_file_count: 2 }))
      expect(received_bytes).toBe(first.bytes.length + second.bytes.length);
  });

  it('is sent when a dock falls silent, and when it goes on', async () => {
    const flight_id = randomUUID();
    await dock.upload(flight_id, photo('1.JPG'), task(2, 1));
    await becomes('FlightStateChanged', { flight_id }, [{ state: 'uploading', gateway_sn: dock.sn }]);
    // The dock's last message was 15 minutes ago when the flight is checked.
    const { table: TableName } = stack.endpoints;
    const key = flightKey({ workspaceId: dock.workspaceId, flightId: flight_id, owner: 'dock' });
    const silent = new Date(Date.now() - STALLED_AFTER_IN_SECONDS * 1000).toISOString();
    for (const { pk, sk } of (await stack.items()).filter((item) => item.pk === key.pk)) {
      await stack.stack.dynamoDb().send(
        new UpdateCommand({
          TableName,
          Key: { pk, sk },
          UpdateExpression: 'SET heard_at = :silent',
          ExpressionAttributeValues: { ':silent': silent },
        }),
      );
    }
    const states = [{ state: 'uploading' }, { state: 'stalled', previous_state: 'uploading' }];
    await becomes('FlightStateChanged', { flight_id }, states);
    await dock.upload(flight_id, photo('2.JPG'), task(2, 2));
    await becomes('FlightStateChanged', { flight_id }, [
      ...states,
      { state: 'complete', previous_state: 'stalled', received_file_count: 2 },
    ]);
  });
});

it('nothing is sent for an object that is no upload', async () => {
  const { bucket: Bucket } = stack.endpoints;
  await stack.stack.s3().send(new PutObjectCommand({ Bucket, Key: 'notes/readme.txt', Body: 'notes' }));
  const object_key = await pilot.upload(photo());
  await becomes('FileRecorded', { object_key }, [{}]);
  expect(sent('FileRecorded', { object_key: 'notes/readme.txt' })).toEqual([]);
});
