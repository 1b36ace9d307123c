import { describe, expect, it } from 'vitest';
import type { Reporter } from '../../functions/core/media-file.ts';
import {
  type CredentialIssuer,
  type TemporaryKeys,
  uploadCredentialsRule,
} from '../../functions/core/upload-credentials.ts';
import { FOREIGN_WORKSPACE, WORKSPACE } from '../fixtures/library.ts';

const MINUTE = 60_000;
const PILOT: Reporter = { kind: 'pilot', name: 'pilot' };

/** An issuer that remembers what it was asked for, and a clock that stands still until it is moved. */
function setUp({ lifeInSeconds = 3600 } = {}) {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const asked: { scope: string; issuedTo: string; durationInSeconds: number }[] = [];
  const issuer: CredentialIssuer = {
    location: {
      provider: 'aws',
      bucket: 'media',
      endpoint: 'https://s3.example.com',
      region: 'eu-central-1',
    },
    async issue(request): Promise<TemporaryKeys> {
      asked.push(request);
      return {
        accessKeyId: `ASIA${asked.length}`,
        secretAccessKey: 'secret',
        sessionToken: 'session',
        expiresAt: new Date(now + lifeInSeconds * 1000),
      };
    },
  };
  const pass = (milliseconds: number) => {
    now += milliseconds;
  };
  return { asked, issuer, pass, credentialsFor: uploadCredentialsRule(issuer, () => now) };
}

describe('upload credentials', () => {
  it('have the scope of workspace and reporter, for an hour', async () => {
    const { asked, issuer, credentialsFor } = setUp();
    const credentials = await credentialsFor(WORKSPACE, PILOT);

    expect(asked).toEqual([
      {
        scope: expect.stringMatching(`^${WORKSPACE}/[0-9a-f]{24}$`),
        issuedTo: 'pilot',
        durationInSeconds: 3600,
      },
    ]);
    expect(credentials.location).toBe(issuer.location);
    expect(credentials.objectKeyPrefix).toMatch(new RegExp(`^${asked[0]?.scope}/[0-9a-f]{12}$`));
    expect(credentials.keys.accessKeyId).toBe('ASIA1');
  });

  it('expire five minutes earlier for the device', async () => {
    const { credentialsFor, pass } = setUp();
    expect((await credentialsFor(WORKSPACE, PILOT)).expiresInSeconds).toBe(3300);
    pass(5 * MINUTE + 400);
    expect((await credentialsFor(WORKSPACE, PILOT)).expiresInSeconds).toBe(2999);
  });

  it('never expire in less than a second', async () => {
    const { credentialsFor } = setUp({ lifeInSeconds: 120 });
    expect((await credentialsFor(WORKSPACE, PILOT)).expiresInSeconds).toBe(1);
  });

  it('are reused while they last for fifty minutes', async () => {
    const { asked, credentialsFor, pass } = setUp();
    await credentialsFor(WORKSPACE, PILOT);
    pass(10 * MINUTE);
    await credentialsFor(WORKSPACE, PILOT);
    expect(asked).toHaveLength(1);
    pass(1000);
    const renewed = await credentialsFor(WORKSPACE, PILOT);
    expect(asked).toHaveLength(2);
    expect(renewed.keys.accessKeyId).toBe('ASIA2');
  });

  it('keep their scope when they are renewed, so uploads can continue', async () => {
    const { asked, credentialsFor, pass } = setUp();
    const first = await credentialsFor(WORKSPACE, PILOT);
    pass(59 * MINUTE);
    const renewed = await credentialsFor(WORKSPACE, PILOT);
    expect(asked[1]?.scope).toBe(asked[0]?.scope);
    expect(first.objectKeyPrefix).toMatch(new RegExp(`^${asked[1]?.scope}/`));
    expect(renewed.objectKeyPrefix).not.toBe(first.objectKeyPrefix);
  });

  it('have a new prefix in every response, below the scope', async () => {
    const { asked, credentialsFor } = setUp();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        await credentialsFor(WORKSPACE, PILOT);
        return credentialsFor(WORKSPACE, PILOT);
      }),
    );
    const prefixes = answers.map(({ objectKeyPrefix }) => objectKeyPrefix);
    expect(new Set(prefixes).size).toBe(50);
    const scopes = new Set(asked.map(({ scope }) => scope));
    for (const prefix of prefixes) expect(scopes).toContain(prefix.slice(0, prefix.lastIndexOf('/')));
  });

  it.each([
    ['workspace', FOREIGN_WORKSPACE, PILOT],
    ['user', WORKSPACE, { kind: 'pilot', name: 'pilot2' }],
    ['kind of reporter', WORKSPACE, { kind: 'dock', name: 'pilot' }],
    ['user whose name looks like a separator', WORKSPACE, { kind: 'pilot', name: '","pilot' }],
  ] as const)('are not shared with another %s', async (_what, workspaceId, reporter) => {
    const { asked, credentialsFor } = setUp();
    const first = await credentialsFor(WORKSPACE, PILOT);
    const second = await credentialsFor(workspaceId, reporter);
    expect(asked).toHaveLength(2);
    expect(second.keys.accessKeyId).not.toBe(first.keys.accessKeyId);
    expect(second.objectKeyPrefix).toMatch(new RegExp(`^${workspaceId}/`));
  });

  it('are requested again after a failure', async () => {
    const { issuer } = setUp();
    let failures = 1;
    const credentialsFor = uploadCredentialsRule({
      ...issuer,
      issue: async (request) => {
        if (failures-- > 0) throw new Error('Throttling');
        return issuer.issue(request);
      },
    });
    await expect(credentialsFor(WORKSPACE, PILOT)).rejects.toThrow('Throttling');
    await expect(credentialsFor(WORKSPACE, PILOT)).resolves.toMatchObject({
      expiresInSeconds: expect.any(Number),
    });
  });

  it('are dropped from the cache beyond a thousand users, the oldest first', async () => {
    const { asked, credentialsFor } = setUp();
    for (let user = 0; user <= 1000; user++)
      await credentialsFor(WORKSPACE, { kind: 'pilot', name: `u${user}` });
    await credentialsFor(WORKSPACE, { kind: 'pilot', name: 'u1000' });
    expect(asked).toHaveLength(1001);
    await credentialsFor(WORKSPACE, { kind: 'pilot', name: 'u0' });
    expect(asked).toHaveLength(1002);
  });
});
