import { parse } from "@agentscope-runtime/protocol";
import { z } from "zod";

const settingsSchema = z
  .object({
    PORT: z.coerce.number().int().min(0).max(65_535).default(8090),
    HOST: z.string().default("127.0.0.1"),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
    OPENAI_API_KEY: z.string().optional(),
    OPENAI_BASE_URL: z.url().optional(),
    MODEL: z.string().default("gpt-5-mini"),
  })
  .transform(({ PORT, HOST, LOG_LEVEL, OPENAI_API_KEY, OPENAI_BASE_URL, MODEL }) => ({
    port: PORT,
    host: HOST,
    logLevel: LOG_LEVEL,
    /** Undefined when neither a key nor an address is set: then the scripted model answers. */
    provider:
      OPENAI_API_KEY === undefined && OPENAI_BASE_URL === undefined
        ? undefined
        : { apiKey: OPENAI_API_KEY ?? "none", baseUrl: OPENAI_BASE_URL ?? "https://api.openai.com/v1", model: MODEL },
  }));

export type Settings = z.output<typeof settingsSchema>;

/** The one place that knows the names of the environment's variables. An empty one counts as not set. */
export function settingsFromEnv(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  return parse(settingsSchema, given, "environment");
}
