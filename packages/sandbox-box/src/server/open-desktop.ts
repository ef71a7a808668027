import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { keepRunning } from "./keep-running.ts";
import { serveDesktop } from "./serve-desktop.ts";
import { waitForPort } from "./wait-for-port.ts";

/** The only display there is. */
export const display = ":1";

export interface DesktopOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly screen: { readonly width: number; readonly height: number };
  /** Where a person sees it: see `boxPorts`. */
  readonly port: number;
}

export interface Desktop extends AsyncDisposable {
  /** Resolves when programs can show themselves; rejects with the reason why they cannot. */
  ready(): Promise<void>;
}

/** A screen with a window manager, which begin again when they end, and the page that shows it to a person. */
export async function openDesktop({ environment, screen, port }: DesktopOptions): Promise<Desktop> {
  const home = environment["HOME"] ?? "/tmp";
  const vnc = join(home, ".vnc.sock");
  await mkdir("/tmp/.X11-unix", { recursive: true, mode: 0o1777 });
  const server = keepRunning({
    command: [
      "Xvnc",
      display,
      "-geometry",
      `${screen.width}x${screen.height}`,
      "-depth",
      "24",
      // Whoever gets into the box by its port may see its screen; nothing else listens.
      "-SecurityTypes",
      "None",
      "-rfbport",
      "-1",
      "-rfbunixpath",
      vnc,
      "-nolisten",
      "tcp",
      "-AlwaysShared",
      "-AcceptSetDesktopSize=0",
      "-desktop",
      "Sandbox",
    ],
    environment,
    ready: async (signal) => {
      await waitForPort({ path: `/tmp/.X11-unix/X${display.slice(1)}` }, signal);
      await waitForPort({ path: vnc }, signal);
    },
  });
  const door = await serveDesktop({ vnc, port });
  await server.ready().catch(() => undefined); // Told to whoever needs it.
  const windows = keepRunning({
    command: ["fluxbox", "-display", display],
    environment,
    ready: async () => server.ready(),
  });
  return {
    ready: async () => server.ready(),
    [Symbol.asyncDispose]: async () => {
      await windows[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await door[Symbol.asyncDispose]();
    },
  };
}
