import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DockSummary, type PlayDockOptions, playDock } from '../../devices/dock/play-dock.ts';
import { FILE_COUNT, FILES, MEBIBYTE, writeCard } from './dock-player-card.ts';
import {
  DOCK_PASSWORD,
  type FakeCloud,
  type SeenMessage,
  SN,
  startFakeCloud,
} from './dock-player-fake-cloud.ts';
import { WORKSPACE_ID } from './pilot-fake-library.ts';

const FAST = {
  replyTimeoutInMilliseconds: 300,
  reconnectAfterInMilliseconds: 50,
  retry: { firstDelayInMilliseconds: 10 },
};

let cloud: FakeCloud;
let directory: string;
let lines: string[];

beforeEach(async () => {
  cloud = await startFakeCloud();
  directory = await mkdtemp(join(tmpdir(), 'dock-player-'));
  lines = [];
  await writeCard(join(directory, 'card'));
});
afterEach(async () => {
  await cloud.close();
  await rm(directory, { recursive: true, force: true });
});

const play = (options: Partial<PlayDockOptions> = {}): Promise<DockSummary> =>
  playDock({
    from: join(directory, 'card'),
    mqtt: cloud.mqtt,
    sn: SN,
    password: DOCK_PASSWORD,
    dataDirectory: join(directory, 'data'),
    partSizeInBytes: 5 * MEBIBYTE,
    patience: FAST,
    progress: {
      line: (text) => lines.push(text),
      begin() {},
      start() {},
      advance() {},
      finish() {},
      end() {},
    },
    ...options,
  });

const events = () => cloud.saidBy('file_upload_callback');
const keyOf = (message: SeenMessage): string => message.data.file.object_key;
const distinct = <Value>(values: readonly Value[]): number => new Set(values).size;

describe('a dock that uploads a flight', () => {
  it('goes online, uploads every kind of file, reports each, and goes offline', async () => {
    const summary = await play();
    expect(summary).toMatchObject({
      mqtt: cloud.mqtt,
      sn: SN,
      workspaceId: WORKSPACE_ID,
      uploaded: FILE_COUNT,
      failed: 0,
      interrupted: false,
    });
    const methods = cloud.messages.map((message) => message.method);
    expect(methods.slice(0, 5)).toEqual([
      'update_topo',
      'config',
      'airport_bind_status',
      'airport_organization_get',
      'airport_organization_bind',
    ]);
    expect(methods.filter((method) => method === 'storage_config_get')).toHaveLength(1);
    expect(methods.at(-1)).toBe('update_topo');
    const [online, offline] = cloud.saidBy('update_topo');
    expect(online?.data).toMatchObject({
      domain: 3,
      type: 2,
      sub_type: 0,
      sub_devices: [{ domain: 0, type: 91 }],
    });
    expect(offline?.data.sub_devices).toEqual([]);

    expect(distinct(events().map(({ tid, bid }) => tid + bid))).toBe(FILE_COUNT);
    for (const { data, need_reply, gateway } of events()) {
      expect(need_reply).toBe(1);
      expect(gateway).toBe(SN);
      expect(data.file.path).toBe('DJI_001');
      expect(data.file.ext.flight_id).toBe(summary.flightId);
      expect(data.flight_task.expected_file_count).toBe(FILE_COUNT);
      expect(data.file.object_key).toMatch(
        new RegExp(
          `^${WORKSPACE_ID}/[^/]+/[^/]+/${summary.flightId}/${data.file.name.replaceAll('.', '\\.')}$`,
        ),
      );
      expect(cloud.library.objects.get(data.file.object_key)).toEqual(FILES[`DJI_001/${data.file.name}`]);
    }
  });

  it('uploads nothing the second time, for the same flight, also from another folder', async () => {
    const first = await play();
    await mkdir(join(directory, 'elsewhere'));
    await rename(join(directory, 'card'), join(directory, 'elsewhere/card'));
    const second = await play({ from: join(directory, 'elsewhere/card') });
    expect(second).toMatchObject({
      flightId: first.flightId,
      uploaded: 0,
      alreadyThere: FILE_COUNT,
      failed: 0,
    });
    expect(events()).toHaveLength(FILE_COUNT);
    // Once a run, since the bucket tells which library this is.
    expect(cloud.saidBy('storage_config_get')).toHaveLength(2);
    expect(cloud.saidBy('update_topo')).toHaveLength(4);
  });

  it('counts up to all files when it uploads one at a time', async () => {
    await play({ concurrency: 1, flightId: 'my-flight' });
    expect(events().map(({ data }) => data.flight_task.uploaded_file_count)).toEqual(
      Array.from({ length: FILE_COUNT }, (_, index) => index + 1),
    );
    expect(distinct(events().map(({ data }) => data.file.ext.flight_id))).toBe(1);
    expect(events()[0]?.data.file.ext.flight_id).toBe('my-flight');
  });

  it('uploads only added and changed files later', async () => {
    await play();
    const changed = join(directory, 'card/DJI_001/DJI_20260412093018_0002_W.JPG');
    await writeFile(changed, 'edited');
    await utimes(changed, 1_000, 1_000);
    await writeFile(join(directory, 'card/DJI_001/DJI_20260412093030_0004_W.JPG'), 'new');
    expect(await play()).toMatchObject({ uploaded: 2, alreadyThere: FILE_COUNT - 1 });
  });

  it('does not bind when it is bound', async () => {
    await play();
    await play();
    expect(cloud.saidBy('airport_organization_bind')).toHaveLength(1);
  });

  it('binds when it knows its organization', async () => {
    cloud.bound.clear();
    await play({ workspaceId: WORKSPACE_ID });
    expect(cloud.saidBy('airport_organization_bind')[0]?.data.bind_devices).toMatchObject([
      { sn: SN, device_model_key: '3-2-0', organization_id: WORKSPACE_ID },
      { device_model_key: '0-91-0', organization_id: WORKSPACE_ID },
    ]);
  });

  it('continues without a licence, and says that a real dock would not', async () => {
    cloud.intercept = ({ method }) => (method === 'config' ? { result: 503 } : undefined);
    expect(
      await play({ patience: { ...FAST, retry: { attempts: 2, firstDelayInMilliseconds: 1 } } }),
    ).toMatchObject({
      failed: 0,
    });
    expect(lines.join('\n')).toContain('A real dock would stop here');
  });
});

describe('a dock with faults', () => {
  it('repeats an event with the same ids until it gets a reply', async () => {
    const silent = new Set<string>();
    cloud.intercept = (message) => {
      if (message.method !== 'file_upload_callback' || silent.has(message.tid)) return undefined;
      silent.add(message.tid);
      return 'silence';
    };
    expect(await play()).toMatchObject({ uploaded: FILE_COUNT, failed: 0 });
    expect(events()).toHaveLength(2 * FILE_COUNT);
    expect(distinct(events().map(({ tid, bid }) => tid + bid))).toBe(FILE_COUNT);
  });

  it('continues after a broken connection, without losses', async () => {
    let cuts = 0;
    cloud.intercept = ({ method }) => {
      if (method === 'file_upload_callback' && cuts < 3) {
        cuts++;
        cloud.cut();
      }
      return undefined;
    };
    expect(await play()).toMatchObject({ uploaded: FILE_COUNT, failed: 0 });
    expect(cuts).toBe(3);
    expect(distinct(cloud.acknowledged)).toBe(FILE_COUNT);
    expect(distinct(events().map(keyOf))).toBe(FILE_COUNT);
    expect(lines.join('\n')).toContain('Connected to the broker again');
  });

  it('uploads again when the object is missing', async () => {
    const seen = new Set<string>();
    cloud.intercept = ({ method, data }) => {
      if (method !== 'file_upload_callback' || seen.has(data.file.name)) return undefined;
      seen.add(data.file.name);
      return { result: 404 };
    };
    expect(await play()).toMatchObject({ uploaded: FILE_COUNT, failed: 0 });
    expect(events()).toHaveLength(2 * FILE_COUNT);
    expect(distinct(events().map(({ tid }) => tid))).toBe(2 * FILE_COUNT);
  });

  it('fails a file that is refused, with the reason', async () => {
    cloud.intercept = ({ method, data }) =>
      method === 'file_upload_callback' && data.file.name.endsWith('.nav') ? { result: 403 } : undefined;
    const summary = await play();
    expect(summary).toMatchObject({ uploaded: FILE_COUNT - 1, failed: 1 });
    expect(summary.files.find((file) => file.state === 'failed')).toMatchObject({
      path: 'DJI_001/DJI_202604120930_001_PPKNAV.nav',
      reason: expect.stringContaining('result 403'),
    });
    cloud.intercept = () => undefined;
    expect(await play()).toMatchObject({ uploaded: 1, alreadyThere: FILE_COUNT - 1, failed: 0 });
  });

  it('requests new credentials when they expire during an upload', async () => {
    cloud.library.credentialLifeInSeconds = 1;
    cloud.intercept = async ({ method }) => {
      if (method === 'file_upload_callback') await new Promise((later) => setTimeout(later, 200));
      return undefined;
    };
    expect(await play({ concurrency: 1 })).toMatchObject({ uploaded: FILE_COUNT, failed: 0 });
    expect(cloud.saidBy('storage_config_get').length).toBeGreaterThan(1);
  });

  it('waits for object storage that is unavailable for a while', async () => {
    const since = Date.now();
    cloud.library.intercept = ({ method }) =>
      method === 'PUT' && Date.now() - since < 1_500 ? { status: 503, body: '' } : undefined;
    expect(await play({ patience: { ...FAST, retry: { firstDelayInMilliseconds: 200 } } })).toMatchObject({
      uploaded: FILE_COUNT,
      failed: 0,
    });
  });

  it('ends the run when object storage stays unavailable', async () => {
    cloud.library.intercept = ({ method }) => (method === 'PUT' ? { status: 503, body: '' } : undefined);
    const patience = { ...FAST, retry: { attempts: 2, firstDelayInMilliseconds: 10 } };
    const summary = await play({ concurrency: 1, patience });
    expect(summary.failed).toBe(FILE_COUNT);
    expect(summary.files[0]?.reason).toContain('object storage');
    expect(
      distinct(cloud.library.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path)),
    ).toBe(1);
  });

  it('ends the run when there are no replies, without trying each file', async () => {
    cloud.intercept = ({ method }) => (method === 'file_upload_callback' ? 'silence' : undefined);
    const summary = await play({
      concurrency: 1,
      patience: { ...FAST, replyTimeoutInMilliseconds: 20, replyAttempts: 3 },
    });
    expect(summary).toMatchObject({ uploaded: 0, failed: FILE_COUNT });
    expect(events()).toHaveLength(3);
    expect(summary.files.at(-1)?.reason).toContain('no reply to file_upload_callback');
    // What was stored is not stored again.
    cloud.intercept = () => undefined;
    await play();
    expect(cloud.library.objects.size).toBe(FILE_COUNT);
  });

  it('ends the run when the broker stays unavailable, with that reason for every file', async () => {
    cloud.intercept = ({ method }) => {
      if (method !== 'file_upload_callback') return undefined;
      cloud.goAway();
      return 'silence';
    };
    const summary = await play({ patience: { ...FAST, longestGapInMilliseconds: 300 } });
    expect(summary).toMatchObject({ uploaded: 0, failed: FILE_COUNT, interrupted: false });
    expect(summary.files[0]?.reason).toContain(
      `${cloud.mqtt} has been unreachable for 0.3 s: connection refused`,
    );
  });

  it('does not reconnect repeatedly when another client uses the same client id', async () => {
    cloud.intercept = () => {
      cloud.cut();
      return 'silence';
    };
    const patience = { ...FAST, replyTimeoutInMilliseconds: 50, replyAttempts: 100 };
    await expect(play({ patience })).rejects.toThrow(`is another client signed in as ${SN}?`);
  });

  it('stays offline when its organization refuses it', async () => {
    cloud.bound.clear();
    cloud.intercept = ({ method, data }) =>
      method === 'airport_organization_bind'
        ? {
            result: 0,
            output: {
              err_infos: data.bind_devices.map(({ sn }: { sn: string }) => ({ sn, err_code: 210232 })),
            },
          }
        : undefined;
    await expect(play({ workspaceId: WORKSPACE_ID })).rejects.toThrow('bound to another organization');
    await expect(play({ workspaceId: 'not-the-one' })).rejects.toThrow('no such organization');
    expect(events()).toEqual([]);
  });

  it('ends at once when its registration is revoked', async () => {
    cloud.intercept = ({ method }) => (method === 'storage_config_get' ? { result: 210001 } : undefined);
    const summary = await play({ concurrency: 1 });
    expect(summary.failed).toBe(FILE_COUNT);
    expect(summary.files[0]?.reason).toContain(
      'this dock is not registered, or its registration was revoked',
    );
    expect(cloud.saidBy('storage_config_get')).toHaveLength(1);
  });

  it('does not go online without its password', async () => {
    await expect(play({ password: 'wrong' })).rejects.toThrow(
      `${cloud.mqtt} refuses ${SN}: wrong user name or password, or the dock is not registered`,
    );
    expect(cloud.messages).toEqual([]);
  });

  it('says when there is no broker', async () => {
    await expect(play({ mqtt: 'mqtt://127.0.0.1:1' })).rejects.toThrow(
      'mqtt://127.0.0.1:1 cannot be reached: connection refused',
    );
  });

  it('does not run twice at the same time', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    cloud.intercept = ({ method }) => (method === 'config' ? promise : undefined);
    const first = play();
    await expect(play()).rejects.toThrow(`Dock ${SN} is already being played`);
    resolve(undefined);
    expect(await first).toMatchObject({ failed: 0 });
  });

  it('disconnects when it is stopped, and continues the next time', async () => {
    const stop = new AbortController();
    cloud.intercept = () => {
      if (cloud.acknowledged.length === 3) stop.abort(new Error('stopped by Ctrl-C'));
      return undefined;
    };
    const summary = await play({ concurrency: 1, signal: stop.signal });
    expect(summary.interrupted).toBe(true);
    expect(cloud.saidBy('update_topo').at(-1)?.data.sub_devices).toEqual([]);
    const rest = await play();
    expect(rest.uploaded + summary.uploaded).toBe(FILE_COUNT);
    expect(distinct(cloud.acknowledged)).toBe(FILE_COUNT);
  });
});

describe('a dock with a request to upload a flight first', () => {
  const ASKED = { tid: 'tid-of-the-operator', bid: 'bid-of-the-operator', timestamp: 1 };

  async function playAsked(flightId: string): Promise<void> {
    let asked = false;
    cloud.intercept = async ({ method }) => {
      if (method === 'file_upload_callback' && !asked) {
        asked = true;
        const data = { flight_id: flightId };
        cloud.tell('services', { ...ASKED, method: 'upload_flighttask_media_prioritize', data });
        // Nobody knows this one, and nobody waits for its answer.
        cloud.tell('services', { ...ASKED, method: 'cover_open', data: {} });
        cloud.tell('services', { nonsense: true });
      }
      return undefined;
    };
    expect(await play({ flightId: 'flight-1', concurrency: 1 })).toMatchObject({ failed: 0 });
  }

  it('replies with the same ids, and announces the flight', async () => {
    await playAsked('flight-1');
    const [reply, ...more] = cloud.messages.filter(({ channel }) => channel === 'services_reply');
    expect(more).toEqual([]);
    expect(reply).toMatchObject({
      tid: ASKED.tid,
      bid: ASKED.bid,
      method: 'upload_flighttask_media_prioritize',
      data: { result: 0 },
    });
    expect(cloud.saidBy('highest_priority_upload_flighttask_media')).toMatchObject([
      { channel: 'events', need_reply: 1, data: { flight_id: 'flight-1' } },
    ]);
  });

  it('refuses a flight that it does not have', async () => {
    await playAsked('another-flight');
    expect(cloud.messages.find(({ channel }) => channel === 'services_reply')?.data.result).not.toBe(0);
    expect(cloud.saidBy('highest_priority_upload_flighttask_media')).toEqual([]);
  });
});
