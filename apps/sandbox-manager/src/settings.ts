import { parse, RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";

const loopback = new Set(["127.0.0.1", "::1", "localhost"]);

/** `name=3,other=1` as a record. */
const countsSchema = z.string().transform((text, context) => {
  const counts: Record<string, number> = {};
  for (const entry of text.split(",").filter((part) => part.trim() !== "")) {
    const [, name, count] = /^\s*([a-z0-9-]+)\s*=\s*(\d{1,3})\s*$/.exec(entry) ?? [];
    if (name === undefined) {
      context.addIssue(`expected name=count, not ${entry}`);
      return z.NEVER;
    }
    counts[name] = Number(count);
  }
  return counts;
});

/** `name:key,other:key` as a table from key to who it stands for. */
const keysSchema = z.string().transform((text, context) => {
  const keys: Record<string, { readonly userId: string }> = {};
  for (const entry of text.split(",").filter((part) => part.trim() !== "")) {
    const [, userId, key] = /^\s*([^:\s]+):(\S{16,})\s*$/.exec(entry) ?? [];
    if (userId === undefined || key === undefined) {
      context.addIssue("expected name:key, with keys of at least 16 characters");
      return z.NEVER;
    }
    keys[key] = { userId };
  }
  return keys;
});

const settingsSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  HOST: z.string().default("127.0.0.1"),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
  /** Where sandboxes run. By default docker, else bubblewrap, else wasm. */
  BACKEND: z.enum(["auto", "docker", "gvisor", "bubblewrap", "wasm"]).default("auto"),
  /** Who may call, by key: `name:key,…`. */
  API_KEYS: keysSchema.optional(),
  /** Instead: where the keys are that sign callers' JSON Web Tokens. */
  JWKS_URL: z.url().optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  /** Signs links to ports. Default one of this process's own: its links end with it. */
  LINK_SECRET: z.string().min(32).optional(),
  /** How many are kept ready: `base=2,browser=1`. */
  POOL: countsSchema.optional(),
  MAX_SANDBOXES: z.coerce.number().int().min(1).default(100),
  MAX_SANDBOXES_PER_USER: z.coerce.number().int().min(1).default(20),
});

export type Settings = z.output<typeof settingsSchema>;

/** The one place that knows the names of the environment's variables. An empty one counts as not set. */
export function settingsFromEnv(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const settings = parse(settingsSchema, given, "environment");
  if (settings.API_KEYS === undefined && settings.JWKS_URL === undefined && !loopback.has(settings.HOST)) {
    const message = `Whoever reaches ${settings.HOST} could run commands here: set API_KEYS=name:key, or JWKS_URL.`;
    throw new RuntimeError("invalid_argument", message);
  }
  return settings;
}
