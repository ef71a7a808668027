import { parse } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { Store } from "./open-services.ts";

const settingsSchema = z
  .object({
    PORT: z.coerce.number().int().min(0).max(65_535).default(8090),
    HOST: z.string().default("127.0.0.1"),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
    OPENAI_API_KEY: z.string().optional(),
    OPENAI_BASE_URL: z.url().optional(),
    MODEL: z.string().default("gpt-5-mini"),
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
    REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
    AGENTSCOPE_DATA_DIR: z.string().default(".agentscope"),
    SANDBOX: z.enum(["auto", "docker", "bubblewrap", "wasm", "off"]).default("auto"),
  })
  .transform(({ PORT, HOST, LOG_LEVEL, OPENAI_API_KEY, OPENAI_BASE_URL, MODEL, SANDBOX, ...store }) => ({
    port: PORT,
    host: HOST,
    logLevel: LOG_LEVEL,
    /** Whether the assistant runs code, in the strongest sandbox that this machine has. */
    sandbox: SANDBOX,
    /** A database before a Redis, and either of them before the directory. */
    store: storeFrom(store),
    /** Undefined when neither a key nor an address is set: then the scripted model answers. */
    provider:
      OPENAI_API_KEY === undefined && OPENAI_BASE_URL === undefined
        ? undefined
        : { apiKey: OPENAI_API_KEY ?? "none", baseUrl: OPENAI_BASE_URL ?? "https://api.openai.com/v1", model: MODEL },
  }));

interface StoreSettings {
  readonly DATABASE_URL?: string | undefined;
  readonly REDIS_URL?: string | undefined;
  readonly AGENTSCOPE_DATA_DIR: string;
}

function storeFrom({ DATABASE_URL, REDIS_URL, AGENTSCOPE_DATA_DIR }: StoreSettings): Store {
  if (DATABASE_URL !== undefined) return { kind: "postgres", url: DATABASE_URL };
  if (REDIS_URL !== undefined) return { kind: "redis", url: REDIS_URL };
  return { kind: "directory", path: AGENTSCOPE_DATA_DIR };
}

export type Settings = z.output<typeof settingsSchema>;

/** The one place that knows the names of the environment's variables. An empty one counts as not set. */
export function settingsFromEnv(env: Readonly<Record<string, string | undefined>>): Settings {
  return parse(
    settingsSchema,
    Object.fromEntries(Object.entries(env).filter(([, value]) => value !== "")),
    "environment",
  );
}
