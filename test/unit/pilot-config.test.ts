import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { PilotConfig } from '../../web/common/pilot-config.ts';

const LICENCE = { app_id: '100001', app_key: 'key', app_license: 'license' };

const fieldsRefused = (config: unknown): string[] =>
  (v.safeParse(PilotConfig, config).issues ?? []).map((issue) => v.getDotPath(issue) ?? '');

describe('the configuration of the Pilot page', () => {
  it('needs nothing: the page then says that the licence is missing', () => {
    expect(v.parse(PilotConfig, {})).toEqual({ title: 'Media library' });
  });

  it('holds title, address of the API and licence', () => {
    const config = { title: ' Survey ', api_address: 'https://api.example.com', licence: LICENCE };
    expect(v.parse(PilotConfig, config)).toEqual({ ...config, title: 'Survey' });
  });

  it('ignores what a newer host adds', () => {
    expect(v.parse(PilotConfig, { theme: 'dark' })).toEqual({ title: 'Media library' });
  });

  it.each([
    'api.example.com',
    'https://api.example.com/',
    'https://api.example.com/v1',
    'ftp://api.example.com',
    'https://user@api.example.com',
    'javascript:alert(1)',
    '',
    7,
  ])('takes no API address like %j', (api_address) => {
    expect(fieldsRefused({ api_address })).toEqual(['api_address']);
  });

  it.each(['app_id', 'app_key', 'app_license'])('takes no licence without %s', (field) => {
    expect(fieldsRefused({ licence: { ...LICENCE, [field]: ' ' } })).toEqual([`licence.${field}`]);
    expect(fieldsRefused({ licence: { ...LICENCE, [field]: undefined } })).toEqual([`licence.${field}`]);
  });

  it.each([' ', 'x'.repeat(61), null])('takes no title like %j', (title) => {
    expect(fieldsRefused({ title })).toEqual(['title']);
  });
});
