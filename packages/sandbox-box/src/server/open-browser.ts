import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { keepRunning } from "./keep-running.ts";
import { display } from "./open-desktop.ts";
import { waitForPort } from "./wait-for-port.ts";

export interface BrowserOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly screen: { readonly width: number; readonly height: number };
  /** Of the Chrome DevTools Protocol: see `boxPorts`. */
  readonly port: number;
  /** Chromium's own sandbox. */
  readonly isSandboxed: boolean;
  /** The way out, as a URL of an HTTP proxy. */
  readonly proxy: string;
}

export interface Browser extends AsyncDisposable {
  /** Resolves when it can be driven; rejects with the reason why it cannot. */
  ready(): Promise<void>;
}

/** Chromium on the desktop, which begins again when it ends, with what it knew. */
export async function openBrowser(options: BrowserOptions): Promise<Browser> {
  const { environment, screen, port, isSandboxed, proxy } = options;
  const profile = join(environment["HOME"] ?? "/tmp", ".chromium");
  await mkdir(profile, { recursive: true });
  return keepRunning({
    command: [
      "chromium",
      `--remote-debugging-port=${port}`,
      `--user-data-dir=${profile}`,
      ...(isSandboxed ? [] : ["--no-sandbox"]),
      `--proxy-server=${proxy}`,
      "--proxy-bypass-list=<-loopback>;localhost;127.0.0.1;[::1]",
      "--window-position=0,0",
      `--window-size=${screen.width},${screen.height}`,
      "--no-first-run",
      "--no-default-browser-check",
      "--password-store=basic",
      "--hide-crash-restore-bubble",
      // Nothing of it may phone home, and there is no graphics card.
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-quic",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-features=Translate,MediaRouter",
      "about:blank",
    ],
    environment: { ...environment, DISPLAY: display },
    ready: async (signal) => waitForPort({ host: "127.0.0.1", port }, signal),
  });
}
