import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostile, huge, wide } from './fixtures/extremes.ts';
import { canaryFound, violated } from './fixtures/verdicts.ts';
import { renderHtml } from './html.ts';

/** The page in a real browser; skipped where there is none. */
const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);
const verdicts = { violated, 'canary-found': canaryFound, hostile, huge, wide };

describe.skipIf(browserPath === undefined)('in Chromium', () => {
  let home: string;
  let browser: Browser;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'powercut-html-'));
    for (const [name, verdict] of Object.entries(verdicts)) {
      await writeFile(join(home, `${name}.html`), renderHtml(verdict));
    }
    browser = await chromium.launch({ executablePath: browserPath ?? '' });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(home, { recursive: true, force: true });
  });

  /** The page, and what it did that it must not: requests, errors, dialogs, refused scripts. */
  async function open(
    name: keyof typeof verdicts,
    width = 1280,
  ): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    const complaints: string[] = [];
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(`request: ${request.url()}`);
    });
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('console', (message) => complaints.push(`console: ${message.text()}`));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(pathToFileURL(join(home, `${name}.html`)).href);
    return { page, complaints };
  }

  it.each(Object.keys(verdicts))(
    '%s asks for nothing, runs nothing foreign and fits the window',
    async (name) => {
      for (const width of [390, 960, 1280]) {
        const { page, complaints } = await open(name as keyof typeof verdicts, width);
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect({ width, complaints, overflow }).toEqual({ width, complaints: [], overflow: 0 });
        await page.close();
      }
    },
  );

  it('shows every fault and the whole drawing in a window of 1200 pixels', async () => {
    const { page } = await open('wide', 1200);
    for (const part of ['.matrix', '.strip']) {
      const overflow = `Math.max(...[...document.querySelectorAll('.scroll > ${part}')].map((shown) => shown.parentElement.scrollWidth - shown.parentElement.clientWidth))`;
      expect({ part, overflow: await page.evaluate<number>(overflow) }).toEqual({ part, overflow: 0 });
    }
    await page.close();
  });

  it('shows the end of a drawing in a window that is narrower', async () => {
    const { page } = await open('wide', 600);
    const left = 'document.querySelector(".scroll > .strip").parentElement';
    expect(await page.evaluate<number>(`${left}.scrollLeft`)).toBeGreaterThan(0);
    expect(
      await page.evaluate<number>(`${left}.scrollWidth - ${left}.clientWidth - ${left}.scrollLeft`),
    ).toBeLessThan(2);
    await page.close();
  });

  it('j and k go from finding to finding, and the address follows', async () => {
    const { page } = await open('violated');
    const hash = () => page.evaluate<string>('location.hash');
    const visited: string[] = [];
    for (const key of ['j', 'j', 'j', 'j', 'k', 'k', 'k']) {
      await page.keyboard.press(key);
      visited.push(await hash());
    }
    expect(visited.map((anchor) => anchor.replace('#finding-', ''))).toEqual([
      '1',
      '2',
      '3',
      '3',
      '2',
      '1',
      '1',
    ]);
    expect(await page.locator('.side [aria-current]').count()).toBe(1);
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('finding-1');
    await page.close();
  });

  it('copies the replay command', async () => {
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await context.newPage();
    await page.goto(pathToFileURL(join(home, 'canary-found.html')).href);
    await page.locator('.finding .replay button').click();
    await page.locator('.finding .replay button', { hasText: 'Copied' }).waitFor();
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(
      'npx powercut replay reports/runs/latest/findings/3/replay.json',
    );
    await context.close();
  });

  it('prints with everything unfolded', async () => {
    const { page } = await open('violated');
    expect(await page.locator('details:not([open])').count()).toBe(1);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(await page.locator('details:not([open])').count()).toBe(0);
    await page.close();
  });
});
