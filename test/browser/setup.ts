/**
 * Once for all browser tests: Chromium is unpacked from its package, and the pages are built as they are
 * delivered.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import type { TestProject } from 'vitest/node';
import { buildPages } from '../../lib/pages.ts';

const BUILD = join(import.meta.dirname, '..', '..', '.build');
const BROWSER = join(BUILD, `chromium-${process.arch}`);
const PAGES = join(BUILD, 'browser-tests');

declare module 'vitest' {
  export interface ProvidedContext {
    readonly chromiumPath: string;
    readonly pagesDirectory: string;
  }
}

/**
 * The package unpacks into the directory for temporary files, and takes a half-written file there for a whole
 * one.
 */
async function unpackChromium(): Promise<string> {
  const path = join(BROWSER, 'chromium');
  if (existsSync(path)) return path;
  const { TMPDIR } = process.env;
  mkdirSync(BUILD, { recursive: true });
  const directory = mkdtempSync(join(BUILD, 'chromium-'));
  process.env['TMPDIR'] = directory;
  try {
    await chromium.executablePath();
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  }
  // Another run may have been quicker.
  if (existsSync(path)) rmSync(directory, { recursive: true });
  else renameSync(directory, BROWSER);
  return path;
}

export default async function setup(project: TestProject): Promise<void> {
  project.provide('chromiumPath', await unpackChromium());
  await buildPages(PAGES);
  project.provide('pagesDirectory', PAGES);
}
