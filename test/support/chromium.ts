import { existsSync } from 'node:fs';
import { describe } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian and Ubuntu put it. */
const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const path = PATHS.find((candidate) => existsSync(candidate));

/** `describe`, but skipped, aloud, where there is no browser; in CI there has to be one. */
export function describeInBrowser() {
  if (path !== undefined) return describe;
  const text = 'chromium is not installed: the tests in a browser are SKIPPED (apt-get install chromium)';
  if (process.env.CI === 'true') throw new Error(text);
  process.stderr.write(`\n${'!'.repeat(text.length)}\n${text}\n${'!'.repeat(text.length)}\n\n`);
  return describe.skip;
}

export function startBrowser(...flags: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: path ?? '', headless: true, args: [...FLAGS, ...flags] });
}
