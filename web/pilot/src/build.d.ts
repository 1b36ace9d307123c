/** What the build fills in (`lib/pages.ts`). */

/** The path of the page, with a slash at the end. */
declare const BASE: string;

/** The version of the project. */
declare const VERSION: string;

/** A script that is loaded when needed: its path below the page, and the global that it sets. */
interface LazyScript {
  readonly file: string;
  readonly global: string;
}

declare const CHUNKS: { readonly [name in 'qr-code' | 'simulator']: LazyScript };
