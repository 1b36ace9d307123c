import { describe, expect } from 'vitest';
import { FLAVOURS } from './fake-bridge.ts';
import { test } from './pilot-fixture.ts';

describe('signing in on the controller', () => {
  test.for(FLAVOURS)(
    'loads the modules in the order that works: firmware "%s"',
    async (flavour, { openPilot }) => {
      const pilot = await openPilot({ flavour });
      await pilot.signIn();
      await pilot.says('Connected. Photos go up by themselves.');
      expect(await pilot.order()).toEqual([
        'platformVerifyLicense',
        'platformSetWorkspaceId',
        'platformSetInformation',
        'platformLoadComponent:api',
        'platformLoadComponent:thing',
        ...(flavour === 'latest' ? ['thingConnect'] : []),
        'platformLoadComponent:media',
        'mediaSetDownloadOwner',
      ]);
    },
  );
});
