import { randomUUID } from 'node:crypto';
import type { SQSEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InMemoryLibrary } from '../../fakes/in-memory-library.ts';
import type { Fingerprint } from '../../functions/core/fingerprint.ts';
import { recordGroupProgress } from '../../functions/core/record-group-progress.ts';
import { recordUpload } from '../../functions/core/record-upload.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { MANIFEST } from '../../functions/manifest.ts';
import { type QueueEndpoint, queueEndpoint } from '../../functions/middleware/queue-endpoint.ts';
import { takeInChanges } from '../../functions/storage/take-in-changes.ts';
import { verifyVersion } from '../../functions/storage/verify-version.ts';
import { contextOf, DEFAULT_ORIGIN } from '../../local/invoke/call-handler.ts';
import { FINGERPRINT, OTHER_FINGERPRINT } from '../fixtures/library.ts';
import { recordLog } from './http-requests.ts';

const workspaceId = randomUUID() as WorkspaceId;
let library: InMemoryLibrary;
let log: ReturnType<typeof recordLog>;

beforeEach(() => {
  library = new InMemoryLibrary();
  log = recordLog();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const run = async (endpoint: QueueEndpoint, ...bodies: object[]): Promise<void> => {
  const [row] = MANIFEST.filter(({ name }) => name === 'take-in-changes');
  if (!row) throw new Error('There is no such function');
  const Records = bodies.map((body) => ({ messageId: randomUUID(), body: JSON.stringify(body) }));
  await queueEndpoint(endpoint)({ Records } as SQSEvent, contextOf(row, DEFAULT_ORIGIN));
};

/** What the functions have counted, by metric. */
const counted = (): Record<string, unknown> =>
  Object.assign(
    {},
    ...log
      .lines()
      .filter((line) => '_aws' in line)
      .map(({ _aws, service, ...values }) => values),
  );

const keyOf = (name: string) => `${workspaceId}/scope/a/${name}`;
const created = (name: string, eTag: string = FINGERPRINT, sizeInBytes = 1000) => {
  const stored = library.storage.put(keyOf(name), { eTag, sizeInBytes });
  const object = { key: keyOf(name), size: sizeInBytes, eTag, versionId: stored.versionId };
  return {
    Records: [{ eventName: 'ObjectCreated:Put', eventTime: '2026-04-12T09:31:08.000Z', s3: { object } }],
  };
};
const report = (name: string, eTag: string = FINGERPRINT) =>
  recordUpload(library, {
    workspaceId,
    objectKey: keyOf(name),
    result: 0,
    file: { name, fingerprint: eTag as Fingerprint, flightId: 'flight-1', capture: {} },
    reporter: { kind: 'pilot', name: 'pilot' },
    raw: '{}',
  });

describe('the metrics of the dashboard', () => {
  it('count uploads and their bytes', async () => {
    await run(takeInChanges(library), created('1.jpg'), created('2.jpg', OTHER_FINGERPRINT, 500));
    expect(counted()).toMatchObject({ Upload: 2, UploadedBytes: 1500 });
  });

  it('do not count removals, nor objects that are no uploads', async () => {
    const object = { key: 'reports/2026.csv', size: 7, eTag: FINGERPRINT, versionId: 'v1' };
    const { Records } = created('1.jpg');
    await run(
      takeInChanges(library),
      { Records: [{ ...Records[0], s3: { object } }] },
      {
        Records: [
          { eventName: 'ObjectRemoved:DeleteMarkerCreated', s3: { object: { key: keyOf('2.jpg') } } },
        ],
      },
    );
    expect(counted()).toEqual({});
  });

  it('count a flight in each state that it comes into, and events that other functions have queued', async () => {
    const change = created('1.jpg');
    await report('1.jpg');
    const detail = { state: 'stalled', flight_id: 'flight-2' };
    await run(takeInChanges(library), change, { LibraryEvents: [{ type: 'FlightStateChanged', detail }] });
    expect(counted()).toMatchObject({ FlightUploading: 1, FlightStalled: 1 });
  });

  it('do not count what the bus has not accepted', async () => {
    vi.spyOn(library.events, 'publish').mockRejectedValue(new Error('throttled'));
    const detail = { state: 'stalled', flight_id: 'flight-2' };
    await run(takeInChanges(library), { LibraryEvents: [{ type: 'FlightStateChanged', detail }] });
    expect(counted()).toEqual({});
  });

  it('count the states of flights that change when an upload in parts is read', async () => {
    await run(takeInChanges(library), created('1.mp4', `${FINGERPRINT}-2`));
    await report('1.mp4');
    const flight = { workspaceId, flightId: 'flight-1', owner: 'pilot' } as const;
    await recordGroupProgress(library, flight, { expectedFileCount: 1, uploadedFileCount: 1 });
    const [version] = library.digestRequests;
    // The bytes in memory do not have the fingerprint, so the flight is no longer complete.
    await run(verifyVersion(library), version ?? {});
    expect(counted()).toMatchObject({ IntegrityMismatch: 1, FlightReportedComplete: 1 });
  });
});
