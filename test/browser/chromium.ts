import chromiumPackage from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

/** Flags for Lambda that would hide faults of a page, or crash with several contexts. */
const LEFT_OUT = ['--disable-web-security', '--allow-running-insecure-content', '--single-process'];

export const launchChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: chromiumPackage.args.filter((flag) => !LEFT_OUT.includes(flag) && !flag.startsWith('--headless')),
  });
