import { describe, expect } from 'vitest';
import { FLAVOURS } from './fake-bridge.ts';
import { type PilotPage, test } from './pilot-fixture.ts';

const choose = (pilot: PilotPage, group: string, name: string): Promise<void> =>
  pilot.page.getByRole('group', { name: group }).getByRole('button', { name }).click();

const chosen = (pilot: PilotPage): Promise<string[]> =>
  pilot.page.locator('fieldset button[aria-pressed="true"]').allTextContents();

/** The calls of setters since a moment. */
const set = async (pilot: PilotPage, from: number): Promise<unknown[]> =>
  (await pilot.calls()).slice(from).filter(([name]) => String(name).startsWith('mediaSet'));

describe('the settings', () => {
  test.for(FLAVOURS)('are given to Pilot at once: firmware "%s"', async (flavour, { openPilot }) => {
    const pilot = await openPilot({ flavour });
    await pilot.connect();
    expect(await chosen(pilot)).toEqual(['Original', 'Off', 'This controller']);
    const from = (await pilot.calls()).length;
    await choose(pilot, 'Photos', 'Preview');
    await choose(pilot, 'Photos', 'Off');
    await choose(pilot, 'Videos', 'On');
    await pilot.says('Connected. Videos go up by themselves.');
    await choose(pilot, 'Photos', 'Original');
    await pilot.says('Connected. Photos and videos go up by themselves.');
    await choose(pilot, 'Fetched from the drone by', 'Other');
    expect(await chosen(pilot)).toEqual(['Original', 'On', 'Other']);
    expect(await set(pilot, from)).toEqual([
      ['mediaSetUploadPhotoType', 1],
      ['mediaSetAutoUploadPhoto', false],
      ['mediaSetAutoUploadVideo', true],
      ['mediaSetUploadPhotoType', 0],
      ['mediaSetAutoUploadPhoto', true],
      ['mediaSetDownloadOwner', 1],
    ]);
  });

  test('are kept on the controller for the next sign-in', async ({ openPilot }) => {
    const pilot = await openPilot();
    await pilot.connect();
    await choose(pilot, 'Photos', 'Preview');
    await choose(pilot, 'Videos', 'On');
    await pilot.press('Sign out');
    await pilot.press('Sign out');
    await pilot.connect();
    expect((await pilot.loads('media')).at(-1)).toEqual({
      autoUploadPhoto: true,
      autoUploadPhotoType: 1,
      autoUploadVideo: true,
    });
  });

  test('that somebody changes in Pilot are shown', async ({ openPilot }) => {
    const pilot = await openPilot();
    await pilot.connect();
    await pilot.bridge((bridge) => bridge.setMedia({ autoUploadPhoto: false }));
    await pilot.says('Connected, but nothing goes up by itself.');
    expect(await chosen(pilot)).toEqual(['Off', 'Off', 'This controller']);
  });

  test.for(['code', 'throws', 'missing'] as const)(
    'that Pilot does not take are not shown as if it had: %s',
    async (fault, { openPilot }) => {
      const pilot = await openPilot({ faults: { mediaSetAutoUploadVideo: fault } });
      await pilot.connect();
      await choose(pilot, 'Videos', 'On');
      await pilot.warns('Pilot did not take the change.');
      expect(await chosen(pilot)).toEqual(['Original', 'Off', 'This controller']);
      await choose(pilot, 'Photos', 'Preview');
      await expect.poll(() => pilot.page.getByRole('alert').count()).toBe(0);
    },
  );

  test('are as wished where Pilot cannot be asked', async ({ openPilot }) => {
    const getters = ['AutoUploadPhoto', 'UploadPhotoType', 'AutoUploadVideo', 'DownloadOwner'];
    const faults = Object.fromEntries(getters.map((name) => [`mediaGet${name}`, 'missing' as const]));
    const pilot = await openPilot({ faults });
    await pilot.connect();
    await choose(pilot, 'Videos', 'On');
    await pilot.says('Connected. Photos and videos go up by themselves.');
  });
});
