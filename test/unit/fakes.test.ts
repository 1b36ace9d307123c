import { afterEach, describe, expect, it, vi } from 'vitest';
import * as fakes from '../../fakes/ports.ts';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import { entryFileOf, MANIFEST } from '../../functions/manifest.ts';
import * as real from '../../functions/ports.ts';
import { callHandler } from '../../local/invoke/call-handler.ts';
import { WORKSPACE } from '../fixtures/library.ts';
import { recordLog } from './http-requests.ts';

const GATEWAY = 'GATEWAY1' as GatewaySn;

/** Messages of the library's own queues; requests of devices may be empty. */
const bodyFor = (name: string): object =>
  ({
    'verify-version': { workspaceId: WORKSPACE, objectKey: `${WORKSPACE}/a/b.jpg`, versionId: 'v1' },
    'watch-flight': { workspaceId: WORKSPACE, flightId: 'flight-1', owner: 'pilot' },
  })[name] ?? {};

/** Whatever stands in place of the real ports must be able to do what they do. */
const all: typeof real = fakes;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the ports in memory', () => {
  it('have the same exports as the real ones', () => {
    expect(Object.keys(all)).toEqual(expect.arrayContaining(Object.keys(real)));
  });

  it.each(MANIFEST)('have all permissions of $name', async (row) => {
    vi.doMock('../../functions/ports.ts', () => import('../../fakes/ports.ts'));
    const log = recordLog();
    await fakes.library.addGateway(GATEWAY, WORKSPACE);
    const { handler } = await import(/* @vite-ignore */ `../../${entryFileOf(row)}`);
    const { trigger } = row;
    const isOfFlight =
      trigger.kind === 'http' && trigger.contract.routes.some((route) => route.includes('{flight_id}'));
    await callHandler(handler, row.name, {
      workspaceId: WORKSPACE,
      gatewaySn: GATEWAY,
      pathParameters: isOfFlight ? { flight_id: 'flight-1' } : {},
      password: 'wrong',
      objectKey: 'gone.jpg',
      body: bodyFor(row.name),
    });
    const outcomes = log.lines().filter(({ message }) => message !== undefined);
    expect(outcomes).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^(?:handled|refused)$/) }),
    ]);
  });
});
