import { describe, expect, it } from 'vitest';
import { Bridge, isYes, understand } from '../../web/pilot/src/bridge.ts';
import { renewalInSeconds } from '../../web/pilot/src/token.ts';

describe('an answer of the bridge', () => {
  it.each([
    undefined,
    null,
    '',
    '{"code":0,"message":"success","data":{}}',
    '{"code":"0","data":{}}',
    { code: 0 },
  ])('that holds nothing is a success: %j', (answer) =>
    expect(understand(answer)).toEqual({ ok: true, data: undefined, detail: '' }),
  );

  it.each([
    [true, true],
    [false, false],
    ['true', true],
    ['{"code":0,"data":true}', true],
    [{ code: 0, data: { a: 1 } }, { a: 1 }],
    [1, 1],
    ['{"code":0,"data":1}', 1],
    ['5YSZK1400B00AB', '5YSZK1400B00AB'],
    // Serial numbers that look like numbers.
    ['12345678901234', '12345678901234'],
    ['1e5', '1e5'],
    ['{"code":0,"data":"12345678901234"}', '12345678901234'],
    ['{"appVersion":"1"}', { appVersion: '1' }],
    ['not { JSON', 'not { JSON'],
  ])('%j holds %j', (answer, data) => expect(understand(answer)).toEqual({ ok: true, data, detail: '' }));

  it.each([
    ['{"code":210002,"message":"bad parameter","data":{}}', '210002 bad parameter'],
    [{ code: -1 }, '-1'],
    ['{"code":"x"}', 'x'],
    ['{"code":5,"message":7}', '5'],
  ])('%j is a failure', (answer, detail) =>
    expect(understand(answer)).toEqual({ ok: false, data: undefined, detail }),
  );

  it('means yes in every way to say it', () => {
    expect([true, 1, 'true', 'TRUE', '1', { data: true }].map(isYes)).not.toContain(false);
    expect([false, 0, 'false', '0', {}, { data: false }, undefined, 'no'].map(isYes)).not.toContain(true);
  });
});

describe('a bridge', () => {
  const bridge = new Bridge({
    self() {
      return this === undefined ? 'detached' : 'injected';
    },
    throws() {
      throw new Error('Java exception');
    },
    no: () => false,
    serial: 'no function',
    platformGetVersion: () =>
      '{"code":0,"data":"{\\"modelVersion\\":\\"1.0\\",\\"appVersion\\":\\"12.0.1\\"}"}',
    platformGetRemoteControllerSN: () => '{"code":0,"data":"5YSZK1400B00AB"}',
    mediaGetUploadPhotoType: () => '{"code":0,"data":1}',
    empty: () => undefined,
  });

  it('is called on itself', () => expect(bridge.call('self').data).toBe('injected'));

  it('never throws', () => {
    expect(bridge.call('throws')).toEqual({ ok: false, data: undefined, detail: 'throws: Java exception' });
    expect(bridge.call('missing')).toEqual({ ok: false, data: undefined, detail: 'no missing' });
    expect(bridge.call('serial').ok).toBe(false);
    expect(() => new Bridge(Object.freeze({})).listen('onBackClick', () => true)).not.toThrow();
  });

  it('takes false for a failure where something was to be done', () => {
    expect(bridge.command('no')).toEqual({ ok: false, data: undefined, detail: 'no: false' });
    expect(bridge.asksYes('no')).toBe(false);
  });

  it('tells what it says from what it does not say', () => {
    expect(bridge.asksYes('empty')).toBeUndefined();
    expect(bridge.asksYes('missing')).toBeUndefined();
    expect(bridge.asksNumber('mediaGetUploadPhotoType')).toBe(1);
    expect(bridge.asksNumber('platformGetRemoteControllerSN')).toBeUndefined();
    expect(bridge.asksNumber('empty')).toBeUndefined();
    expect(bridge.asksText('missing')).toBe('');
  });

  it('names controller and app', () => {
    expect(bridge.serialNumber).toBe('5YSZK1400B00AB');
    expect(bridge.appVersion).toBe('12.0.1');
    expect(new Bridge({}).appVersion).toBe('');
    expect(new Bridge({ platformGetVersion: () => '4.1.0' }).appVersion).toBe('4.1.0');
  });
});

describe('a token', () => {
  const tokenOf = (payload: unknown): string =>
    `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.signature`;

  it('is renewed ten minutes before it ends, whatever the clock says', () => {
    expect(renewalInSeconds(tokenOf({ iat: 1_000, exp: 4_600, 'cognito:username': 'ÄÖ~~~???' }))).toBe(3_000);
  });

  it('of an earlier visit is renewed by its age on the clock of the server', () => {
    const token = tokenOf({ iat: 1_000, exp: 4_600 });
    expect(renewalInSeconds(token, 1_600)).toBe(2_400);
    expect(renewalInSeconds(token, 5_000)).toBe(-1_000);
  });

  it('is renewed at half its life when that is short', () => {
    expect(renewalInSeconds(tokenOf({ iat: 0, exp: 600 }))).toBe(300);
  });

  it.each([
    'opaque',
    '',
    'a.b.c',
    tokenOf({}),
    tokenOf({ exp: 5 }),
    tokenOf({ iat: 9, exp: 5 }),
    tokenOf(null),
  ])('that tells no times is renewed after half an hour: %j', (token) =>
    expect(renewalInSeconds(token)).toBe(1_800),
  );
});
