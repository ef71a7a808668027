import { parse, RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { mcpServerConfigSchema } from "./box-schemas.ts";

/** What an image has beside a shell and Python. */
const featureSchema = z.enum(["filesystem", "desktop", "browser", "computer"]);

/** Of an image. */
export type BoxFeature = z.infer<typeof featureSchema>;

const settingsSchema = z.strictObject({
  id: z.string().default("box"),
  type: z.string().default("base"),
  /** Left out, those of the image. */
  features: z.array(featureSchema).default([]),
  /** Where it listens: a unix socket, or a port with a token. */
  listen: z
    .union([
      z.strictObject({ socketPath: z.string().min(1) }),
      z.strictObject({
        port: z.int().min(0).max(65_535),
        host: z.string().default("0.0.0.0"),
        token: z.string().min(16),
      }),
    ])
    .default({ socketPath: "/run/agentscope/box/box.sock" }),
  workspace: z.string().startsWith("/").default("/workspace"),
  /** Outside of the workspace. */
  history: z.string().startsWith("/").default("/home/agent/.history"),
  python: z.string().default("/usr/bin/python3"),
  mcpServers: z.record(z.string().min(1), mcpServerConfigSchema).default({}),
  /** Where the proxy listens that leads out, if anything does; commands find it on a port of the loopback. */
  egress: z
    .strictObject({ socketPath: z.string(), port: z.int().default(3128) })
    .default({ socketPath: "/run/agentscope/egress/proxy.sock", port: 3128 }),
  /** The program of Playwright's MCP server. */
  playwright: z.string().default("/opt/agentscope/browser/node_modules/@playwright/mcp/cli.js"),
  /** Chromium's own sandbox; it needs user namespaces. */
  chromiumSandbox: z.boolean().default(true),
  screen: z
    .strictObject({ width: z.int().min(200).max(7_680), height: z.int().min(200).max(4_320) })
    .default({ width: 1280, height: 800 }),
});

/** How a box is to be, as its server knows it. */
export type BoxSettings = z.output<typeof settingsSchema>;

/** How a box is to be, as a backend says it; all of it has defaults. */
export type BoxSettingsInput = z.input<typeof settingsSchema>;

/** Ports of a box's loopback, for `connect`. */
export const boxPorts = {
  /** The Chrome DevTools Protocol of its Chromium. */
  cdp: 9222,
  /** A page that shows its desktop, and the WebSocket that the page needs. */
  desktop: 6080,
} as const;

/** The variables that are for the box, and not for what runs in it. */
const settingsVariable = "AGENTSCOPE_BOX";
const featuresVariable = "AGENTSCOPE_FEATURES";

/** The environment that tells the server of a box how to be: add it to the container's. `invalid_argument` names what is wrong. */
export function toBoxEnvironment(settings: BoxSettingsInput): Readonly<Record<string, string>> {
  parse(settingsSchema, settings, settingsVariable);
  return { [settingsVariable]: JSON.stringify(settings) };
}

/** What a box begins with. */
export interface BoxStart {
  readonly settings: BoxSettings;
  /** What is left for the sandbox's processes. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Reads how the box is to be: `AGENTSCOPE_BOX`, one JSON object that its backend gives, over `AGENTSCOPE_FEATURES`, which its image
 * has. `invalid_argument` names the field.
 */
export function parseBoxStart(variables: Readonly<Record<string, string | undefined>>): BoxStart {
  const { [settingsVariable]: json = "{}", [featuresVariable]: features = "", ...rest } = variables;
  const given = parse(settingsSchema, parseJson(json), settingsVariable);
  const ofImage = parse(z.array(featureSchema), features.split(/\s+/).filter(Boolean), featuresVariable);
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) environment[name] = value;
  return { settings: { ...given, features: given.features.length > 0 ? given.features : ofImage }, environment };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RuntimeError("invalid_argument", `Invalid ${settingsVariable}: it is not JSON.`, { cause });
  }
}
