import { join } from "node:path";
import { boxPorts } from "@agentscope-runtime/sandbox/box";
import type { BoxSettings } from "@agentscope-runtime/sandbox/box";
import type { LocalTool, ToolDialect } from "@agentscope-runtime/sandbox/local";
import type { McpServerConfig } from "@agentscope-runtime/sandbox";
import { browserDialect } from "./browser-dialect.ts";
import { computerTool } from "./computer-tool.ts";
import { openBrowser } from "./open-browser.ts";
import { openDesktop } from "./open-desktop.ts";

/** A screen, and what is on it. */
export interface Screen extends AsyncDisposable {
  readonly tools: readonly LocalTool[];
  readonly servers: Readonly<Record<string, McpServerConfig>>;
  readonly dialect: ToolDialect;
  /** Resolves when all of it can be used; rejects with the reason why not. */
  ready(): Promise<void>;
}

const server = "browser";

/** The desktop of a box, with a browser and a tool for mouse and keyboard where its image has them. */
export async function openScreen(
  { features, screen, egress, chromiumSandbox, playwright }: BoxSettings,
  environment: Readonly<Record<string, string>>,
): Promise<Screen> {
  const desktop = await openDesktop({ environment, screen, port: boxPorts.desktop });
  const browser = features.includes("browser")
    ? await openBrowser({
        environment,
        screen,
        port: boxPorts.cdp,
        isSandboxed: chromiumSandbox,
        proxy: `http://127.0.0.1:${egress.port}`,
      })
    : undefined;
  const computer = computerTool({ environment, screen, ready: async () => desktop.ready() });
  return {
    tools: features.includes("computer") ? [computer] : [],
    servers: browser === undefined ? {} : { [server]: playwrightServer(playwright, environment["HOME"] ?? "/tmp") },
    dialect: browserDialect(server),
    ready: async () => {
      await desktop.ready();
      await browser?.ready();
    },
    [Symbol.asyncDispose]: async () => {
      await browser?.[Symbol.asyncDispose]();
      await desktop[Symbol.asyncDispose]();
    },
  };
}

/** Files that somebody has named go to the workspace, those that nobody has named do not. */
function playwrightServer(program: string, home: string): McpServerConfig {
  const endpoint = `http://127.0.0.1:${boxPorts.cdp}`;
  return {
    command: process.execPath,
    args: [
      program,
      "--cdp-endpoint",
      endpoint,
      "--caps",
      "vision,pdf",
      "--output-dir",
      join(home, ".browser"),
      "--snapshot-mode",
      "none",
      "--codegen",
      "none",
    ],
  };
}
