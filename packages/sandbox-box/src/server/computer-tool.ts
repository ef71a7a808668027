import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { LocalTool } from "@agentscope-runtime/sandbox/local";
import type { McpToolResult } from "@agentscope-runtime/sandbox";
import { z } from "zod";
import { runXProgram } from "./run-x-program.ts";
import type { XOptions } from "./run-x-program.ts";

export interface ComputerToolOptions {
  /** With `DISPLAY`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly screen: { readonly width: number; readonly height: number };
  /** Rejects with the reason when there is no desktop. */
  readonly ready: () => Promise<void>;
}

const actions = [
  "key",
  "type",
  "mouse_move",
  "left_click",
  "left_click_drag",
  "right_click",
  "middle_click",
  "double_click",
  "scroll",
  "get_screenshot",
  "get_cursor_position",
] as const;

/** xdotool's numbers of buttons. */
const buttons = { left_click: 1, middle_click: 2, right_click: 3, double_click: 1 } as const;
const wheel = { up: 4, down: 5, left: 6, right: 7 } as const;
const directions = ["up", "down", "left", "right"] as const;
const notches = 5;
const mostText = 20_000;
/** Programs that paste with another key than everybody. */
const terminals = /xterm|rxvt|terminal|konsole/i;

/** Names of keys that people and models use, as X has them. */
const keyNames: Readonly<Record<string, string>> = {
  enter: "Return",
  return: "Return",
  esc: "Escape",
  escape: "Escape",
  backspace: "BackSpace",
  delete: "Delete",
  del: "Delete",
  tab: "Tab",
  space: "space",
  pageup: "Page_Up",
  pagedown: "Page_Down",
  home: "Home",
  end: "End",
  insert: "Insert",
  arrowup: "Up",
  arrowdown: "Down",
  arrowleft: "Left",
  arrowright: "Right",
  up: "Up",
  down: "Down",
  left: "Left",
  right: "Right",
  control: "ctrl",
  cmd: "super",
  meta: "super",
  win: "super",
  option: "alt",
};

/** The tool `computer`: a mouse, a keyboard and the screen of the desktop. */
export function computerTool({ environment, screen, ready }: ComputerToolOptions): LocalTool {
  const { width, height } = screen;
  const input = inputSchema(screen);
  return {
    name: "computer",
    server: "computer",
    description: `Uses the desktop, which is ${width} by ${height} pixels: mouse, keyboard, and screenshots. Look at a screenshot before you click.`,
    input,
    run: async (toolArguments, { signal }) => {
      await assertReady(ready);
      // It was parsed with this schema.
      return act(toolArguments as z.output<typeof input>, { environment, signal });
    },
  };
}

function inputSchema({ width, height }: ComputerToolOptions["screen"]) {
  return z
    .object({
      action: z.enum(actions),
      coordinate: z
        .tuple([
          z
            .int()
            .min(0)
            .max(width - 1),
          z
            .int()
            .min(0)
            .max(height - 1),
        ])
        .optional()
        .describe("Pixels from the left and from the top. Clicks without it happen where the pointer is."),
      text: z
        .string()
        .max(mostText)
        .optional()
        .describe("What to type; a key such as Return or ctrl+s; or up, down, left, right to scroll."),
    })
    .superRefine(({ action, coordinate, text }, context) => {
      const needs = (path: string, is: boolean, message: string): void => {
        if (is) context.addIssue({ code: "custom", path: [path], message });
      };
      needs("text", (action === "key" || action === "type") && !text, `${action} needs a text`);
      needs(
        "text",
        action === "key" && text !== undefined && !/^[\w+ ]{1,100}$/.test(text),
        "expected keys such as ctrl+s",
      );
      needs("text", action === "scroll" && !isDirection(text), `scroll needs one of ${directions.join(", ")}`);
      const moves = action === "mouse_move" || action === "left_click_drag" || action === "scroll";
      needs("coordinate", moves && coordinate === undefined, `${action} needs a coordinate`);
    });
}

function isDirection(text: string | undefined): text is keyof typeof wheel {
  return directions.some((direction) => direction === text);
}

async function assertReady(ready: () => Promise<void>): Promise<void> {
  try {
    await ready();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RuntimeError("unavailable", `There is no desktop: ${reason}`, { cause });
  }
}

interface Asked {
  readonly action: (typeof actions)[number];
  readonly coordinate?: readonly [number, number] | undefined;
  readonly text?: string | undefined;
}

async function act({ action, coordinate, text = "" }: Asked, options: XOptions): Promise<McpToolResult> {
  const xdotool = async (...words: readonly (string | number)[]): Promise<Buffer> =>
    runXProgram("xdotool", words.map(String), options);
  const [x = 0, y = 0] = coordinate ?? [];
  const move = coordinate === undefined ? [] : ["mousemove", x, y];
  switch (action) {
    case "get_screenshot":
      return screenshot(options);
    case "get_cursor_position": {
      const said = (await xdotool("getmouselocation", "--shell")).toString();
      const [, left = "0", top = "0"] = /X=(\d+)\s+Y=(\d+)/.exec(said) ?? [];
      return done(`${left},${top}`, { x: Number(left), y: Number(top) });
    }
    case "key":
      await xdotool("key", "--clearmodifiers", ...text.split(/\s+/).filter(Boolean).map(toKey));
      return done(`Pressed ${text}.`);
    case "type":
      await type(text, xdotool, options);
      return done("Typed.");
    case "mouse_move":
      await xdotool(...move);
      return done(`The pointer is at ${x},${y}.`);
    case "left_click_drag":
      await xdotool("mousedown", 1, ...move, "mouseup", 1);
      return done(`Dragged to ${x},${y}.`);
    case "scroll": {
      const button = wheel[isDirection(text) ? text : "down"];
      await xdotool(...move, "click", "--repeat", notches, "--delay", 10, button);
      return done(`Scrolled ${text}.`);
    }
    case "left_click":
    case "right_click":
    case "middle_click":
    case "double_click": {
      const times = action === "double_click" ? ["--repeat", 2, "--delay", 60] : [];
      await xdotool(...move, "click", ...times, buttons[action]);
      return done(coordinate === undefined ? "Clicked." : `Clicked at ${x},${y}.`);
    }
  }
}

function done(text: string, structuredContent?: Readonly<Record<string, unknown>>): McpToolResult {
  return { content: [{ type: "text", text }], isError: false, ...(structuredContent && { structuredContent }) };
}

function toKey(word: string): string {
  return word
    .split("+")
    .map((name) => keyNames[name.toLowerCase()] ?? name)
    .join("+");
}

/** The program writes to files only; pipes of Node are sockets, which it cannot open. */
async function screenshot(options: XOptions): Promise<McpToolResult> {
  const path = join(tmpdir(), `screenshot-${crypto.randomUUID()}.png`);
  try {
    await runXProgram("scrot", ["--silent", "--pointer", "--quality", "40", path], options);
    const data = await readFile(path, "base64");
    return { content: [{ type: "image", data, mimeType: "image/png" }], isError: false };
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * Keyboards have no keys for most of the world's characters, and programs miss some that are made up for one: such a text is pasted.
 */
async function type(
  text: string,
  xdotool: (...words: readonly (string | number)[]) => Promise<Buffer>,
  options: XOptions,
): Promise<void> {
  // What a US keyboard has.
  if (/^[ -~\n\t]*$/.test(text)) {
    await xdotool("type", "--clearmodifiers", "--delay", 4, "--", text);
    return;
  }
  await Promise.all([copy(text, "clipboard", options), copy(text, "primary", options)]);
  const window = (await xdotool("getactivewindow").catch(() => Buffer.of())).toString().trim();
  const properties = window === "" ? "" : (await runXProgram("xprop", ["-id", window, "WM_CLASS"], options)).toString();
  await xdotool("key", "--clearmodifiers", terminals.test(properties) ? "shift+Insert" : "ctrl+v");
}

/** The program stays behind, and hands the text to whoever pastes it, until another text is copied. */
async function copy(text: string, selection: "clipboard" | "primary", { environment }: XOptions): Promise<void> {
  const program = spawn("xclip", ["-selection", selection, "-in"], {
    env: environment,
    stdio: ["pipe", "ignore", "ignore"],
  });
  program.stdin.end(text);
  await once(program, "exit"); // It has left a child of its own.
}
