import { languageOf, textsOf } from './text/texts.ts';

/** The language of the controller, when the page has texts in it. */
export const language = languageOf(navigator.language);

export const texts = textsOf(language);
