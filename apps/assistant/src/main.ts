import { serve } from "@agentscope-runtime/express";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { pino } from "pino";
import { assistantApp } from "./assistant-app.ts";
import { modelFrom } from "./model.ts";
import { openSandboxes } from "./open-sandboxes.ts";
import { openServices } from "./open-services.ts";
import { settingsFromEnv } from "./settings.ts";

const request = `'{"input":[{"role":"user","content":[{"type":"text","text":"What time is it?"}]}]}'`;

async function main(): Promise<void> {
  const settings = settingsFromEnv(process.env);
  const logger = pino({ level: settings.logLevel });
  const services = await openServices(settings.store);
  const { sandboxes, resources, isolation } = await openSandboxes(settings.sandbox, logger);
  const app = assistantApp({ model: modelFrom(settings), sandboxes, services, resources, logger });
  const { url } = await serve(app, settings);
  const model = settings.provider?.model ?? "a scripted demo model; set OPENAI_API_KEY for a real one";
  console.log(
    `Assistant (${model}; code runs ${isolation}) on ${url} – try: curl -N ${url}/process -H 'content-type: application/json' -d ${request}`,
  );
}

try {
  await main();
} catch (thrown) {
  // What can be put right from outside is said in a sentence; the rest is a bug, and needs its stack.
  if (!RuntimeError.is(thrown)) throw thrown;
  console.error(thrown.message);
  process.exitCode = 1;
}
