import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Page } from "playwright-core";

const places = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Tests by name, each in a fresh page of a real browser. */
export type BrowserTests = Readonly<Record<string, (page: Page) => Promise<void>>>;

/**
 * Registers browser tests. Where there is no Chromium they are skipped, and say so; in CI a skipped test is a failure.
 * `CHROMIUM_PATH` names one that is elsewhere.
 */
export function describeInBrowser(name: string, tests: BrowserTests): void {
  const executablePath = [process.env["CHROMIUM_PATH"], ...places].find(
    (path) => path !== undefined && existsSync(path),
  );
  if (executablePath === undefined) {
    describe.skip(`${name} (no Chromium: install it, or set CHROMIUM_PATH)`, () => {
      for (const sentence of Object.keys(tests)) it(sentence, () => undefined);
    });
    return;
  }
  describe(name, () => {
    for (const [sentence, test] of Object.entries(tests)) {
      it(
        sentence,
        async () => {
          const browser = await chromium.launch({ executablePath, args });
          try {
            const page = await browser.newPage();
            const errors: string[] = [];
            page.on("pageerror", ({ message }) => errors.push(message));
            await test(page);
            expect(errors).toEqual([]);
          } finally {
            await browser.close();
          }
        },
        60_000,
      );
    }
  });
}
