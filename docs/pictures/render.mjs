// Photographs the mails and the page of a day: `node render.mjs TOOLS PAGES OUT`, where TOOLS is the folder in which
// puppeteer-core is installed, PAGES has mail.html, digest.html, notice.html and day.html, and OUT gets the pictures.

import { createRequire } from 'node:module';
import { accessSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [tools, pages, out] = process.argv.slice(2);
const puppeteer = createRequire(join(tools, 'x.js'))('puppeteer-core');

const PICTURES = [
  { name: 'mail-light', page: 'mail', width: 720, scheme: 'light' },
  { name: 'mail-dark', page: 'mail', width: 720, scheme: 'dark' },
  { name: 'mail-phone', page: 'mail', width: 390, scheme: 'light' },
  { name: 'digest-light', page: 'digest', width: 720, scheme: 'light', most: 1300 },
  { name: 'digest-dark', page: 'digest', width: 720, scheme: 'dark', most: 1300 },
  { name: 'digest-phone', page: 'digest', width: 390, scheme: 'light', most: 1500 },
  { name: 'notice-light', page: 'notice', width: 720, scheme: 'light' },
  { name: 'notice-phone', page: 'notice', width: 390, scheme: 'dark' },
  { name: 'day-light', page: 'day', width: 1000, scheme: 'light', most: 1500 },
  { name: 'day-phone', page: 'day', width: 390, scheme: 'dark', most: 1700 },
];

function chromium() {
  const named = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
  const found = named.filter(Boolean).find((path) => {
    try {
      accessSync(path);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error('there is no Chromium: install it (Debian: apt-get install chromium), or name it in CHROMIUM');
  return found;
}

const browser = await puppeteer.launch({ executablePath: chromium(), args: ['--no-sandbox', '--force-color-profile=srgb'] });
try {
  for (const { name, page, width, scheme, most } of PICTURES) {
    const tab = await browser.newPage();
    await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await tab.setViewport({ width, height: 400 });
    await tab.setContent(readFileSync(join(pages, `${page}.html`), 'utf8'));
    const full = await tab.evaluate(() => document.documentElement.scrollHeight);
    await tab.setViewport({ width, height: Math.min(full, most ?? full) });
    await tab.screenshot({ path: join(out, `${name}.png`), optimizeForSpeed: false });
    await tab.close();
  }
} finally {
  await browser.close();
}
