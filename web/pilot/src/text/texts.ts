import { type Dictionary, en, type TextKey } from './en.ts';
import { zh } from './zh.ts';

export type Language = 'en' | 'zh';

export const DICTIONARIES: { readonly [language in Language]: Dictionary } = { en, zh };

/** A text, with its values filled in. */
export type Texts = (key: TextKey, values?: { readonly [name: string]: string | number }) => string;

/** The page's language for the controller's, such as `zh-Hans-CN`. */
export const languageOf = (controllers: string): Language => (/^zh\b/i.test(controllers) ? 'zh' : 'en');

export const textsOf =
  (language: Language): Texts =>
  (key, values = {}) =>
    DICTIONARIES[language][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
