import { expect, test, vi } from 'vitest';
import { handler } from '../../functions/http/fast-upload.ts';
import { callHandler } from '../../local/invoke/call-handler.ts';

vi.mock('../../functions/ports.ts', () => import('../../fakes/ports.ts'));

test('bytes that nobody has uploaded are not stored', async () => {
  const body = { fingerprint: '0123456789abcdef0123456789abcdef', name: 'DJI_0001.JPG' };
  const response = await callHandler(handler, 'fast-upload', { body });
  expect(response).toMatchObject({ status: 200, body: { code: -1 } });
});
