import chromiumPackage from '@sparticuz/chromium';
import { type Browser, chromium } from 'playwright-core';

/**
 * Flags for Lambda that would hide faults of a page, crash with several contexts, or start each renderer from
 * nothing. Playwright sets the last one itself.
 */
const LEFT_OUT =
  /^--(disable-web-security|allow-running-insecure-content|single-process|no-zygote|headless)\b/;

/** What WebGL by software needs: pages without it are drawn with a third less work. */
const GRAPHICS = /^--(use-gl|use-angle|enable-unsafe-swiftshader|ignore-gpu-blocklist)\b/;

export const launchChromium = (executablePath: string): Promise<Browser> => {
  const args = chromiumPackage.args.filter((flag) => !LEFT_OUT.test(flag) && !GRAPHICS.test(flag));
  return chromium.launch({ executablePath, args: [...args, '--disable-gpu'] });
};
