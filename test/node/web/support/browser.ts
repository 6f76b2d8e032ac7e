import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { peerPath } from '../../../interop/support/peers.ts';

/** Pictures of the page are kept here; git does not keep what is built. */
const PICTURES = fileURLToPath(new URL('../../../../screenshots/', import.meta.url));

/** Chromium without a window. Its sandbox wants rights that a container does not give. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: peerPath('chromium'),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    timeout: 60_000,
  });
}

/** A page that has been opened, and what it complained about. */
export interface Opened {
  readonly page: Page;
  readonly complaints: string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1600, height: 900 }, ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(url);
  await page.locator('.rows .row').first().waitFor();
  return { page, complaints };
}

export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}
