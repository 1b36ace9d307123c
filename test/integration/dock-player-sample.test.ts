import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uploadSampleDockFlight } from '../../local/sample/dock-flight.ts';
import { DOCK_PASSWORD, type FakeCloud, SN, startFakeCloud } from './dock-player-fake-cloud.ts';
import { WORKSPACE_ID } from './pilot-fake-library.ts';

describe('the sample flight of a dock', () => {
  let cloud: FakeCloud;
  let directory: string;

  beforeAll(async () => {
    cloud = await startFakeCloud();
    directory = await mkdtemp(join(tmpdir(), 'dock-sample-'));
  });
  afterAll(async () => {
    await cloud.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function upload() {
    const output = new PassThrough();
    const dock = { sn: SN, username: SN, password: DOCK_PASSWORD, workspace_id: WORKSPACE_ID };
    const endpoints = { mqtt: cloud.mqtt, docks: [dock] };
    const summary = await uploadSampleDockFlight({ endpoints, directory: join(directory, 'sample'), output });
    output.end();
    return { summary, said: await text(output) };
  }

  it('is generated, and uploaded as its drone would', async () => {
    const { summary, said } = await upload();
    expect(summary).toEqual({
      uploaded: 6,
      alreadyThere: 0,
      failed: 0,
      bytes: expect.any(Number),
      reasons: [],
    });
    expect(said).toContain('6/6 uploaded');
    expect(cloud.saidBy('update_topo')[0]?.data.sub_devices).toMatchObject([
      { sn: '1581F000SAMPLE000002', domain: 0, type: 91, sub_type: 0 },
    ]);
    const files = cloud.saidBy('file_upload_callback').map(({ data }) => data.file);
    const photo = files.find((file) => file.name === 'DJI_20260412104011_0003_V.JPG');
    expect(photo).toMatchObject({
      path: 'DJI_202604121038_001_Sample-dock-flight',
      ext: { drone_model_key: '0-91-0', payload_model_key: '1-80-0' },
      metadata: {
        create_time: '2026-04-12 10:40:11',
        gimbal_yaw_degree: '4.50',
        relative_altitude: 72,
        shoot_position: { lat: expect.closeTo(48.7299, 3), lng: expect.closeTo(11.0346, 3) },
      },
    });
    expect(files.map((file) => file.name.slice(-4)).sort()).toEqual([
      '.JPG',
      '.JPG',
      '.JPG',
      '.JPG',
      '.MRK',
      '.SRT',
    ]);
  });

  it('is found by the next start, which uploads nothing', async () => {
    const { summary } = await upload();
    expect(summary).toMatchObject({ uploaded: 0, alreadyThere: 6, failed: 0 });
  });
});
