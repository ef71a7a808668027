import { serve } from "@agentscope-runtime/express";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { pino } from "pino";
import { openBackend } from "./open-backend.ts";
import { sandboxManagerApp } from "./sandbox-manager-app.ts";
import { settingsFromEnv } from "./settings.ts";

async function main(): Promise<void> {
  const settings = settingsFromEnv(process.env);
  const logger = pino({ level: settings.LOG_LEVEL });
  const backend = await openBackend(settings.BACKEND, logger);
  const app = await sandboxManagerApp({ settings, backend, logger });
  const { url } = await serve(app, { port: settings.PORT, host: settings.HOST });
  const { isolation } = await backend.abilities();
  const line = `curl -X POST ${url}/sandboxes -H 'content-type: application/json' -d '{"type":"base"}'`;
  console.log(`Sandbox manager (${backend.name}, isolation: ${isolation}) on ${url} – try: ${line}`);
}

try {
  await main();
} catch (thrown) {
  // What can be put right from outside is said in a sentence; the rest is a bug, and needs its stack.
  if (!RuntimeError.is(thrown)) throw thrown;
  console.error(thrown.message);
  process.exitCode = 1;
}
