import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DICTIONARIES, languageOf, textsOf } from '../../web/pilot/src/text/texts.ts';

const { en, ...others } = DICTIONARIES;
const SOURCES = join(import.meta.dirname, '../../web/pilot/src');

const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

describe('the texts of the Pilot page', () => {
  it.each(Object.entries(others))('are all there in %s, with the same values', (_, dictionary) => {
    expect(Object.keys(dictionary).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(dictionary)) {
      expect(text.trim(), key).not.toBe('');
      expect(placeholders(text), key).toEqual(placeholders(en[key as keyof typeof en]));
    }
  });

  it('are Chinese in Chinese', () => {
    const latin = Object.entries(DICTIONARIES.zh).filter(([, text]) => !/\p{Script=Han}/u.test(text));
    expect(latin.map(([key]) => key)).toEqual(['trouble.pilot']);
  });

  it('are all used', () => {
    const source = globSync('**/*.{ts,tsx}', { cwd: SOURCES, exclude: (path) => path.startsWith('text') })
      .map((file) => readFileSync(join(SOURCES, file), 'utf8'))
      .join('\n');
    // A key is used whole, or by its beginning, as in `failure.${id}.title`.
    const beginnings = [...source.matchAll(/`([a-z.]+\.)\$\{/g)].map(([, beginning = '']) => beginning);
    const unused = Object.keys(en).filter(
      (key) => !source.includes(`'${key}'`) && !beginnings.some((beginning) => key.startsWith(beginning)),
    );
    expect(unused).toEqual([]);
  });

  it('are chosen by the language of the controller', () => {
    expect(['zh', 'zh-CN', 'zh-Hans-CN', 'ZH-TW'].map(languageOf)).toEqual(['zh', 'zh', 'zh', 'zh']);
    expect(['en', 'en-GB', 'de', ''].map(languageOf)).toEqual(['en', 'en', 'en', 'en']);
  });

  it('have their values filled in', () => {
    expect(textsOf('en')('home.last', { name: 'DJI_0042', when: '12 s ago' })).toBe(
      'Last: DJI_0042 · 12 s ago',
    );
    expect(textsOf('zh')('time.seconds', { count: 12 })).toBe('12 秒前');
  });
});
