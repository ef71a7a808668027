import { serve } from "@agentscope-runtime/express";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { baseSandboxType, SandboxManager, strongestBackend } from "@agentscope-runtime/sandbox";
import { openDockerBackend } from "@agentscope-runtime/sandbox-docker";
import { openBubblewrapBackend, openWasmBackend } from "@agentscope-runtime/sandbox-embedded";
import { pino } from "pino";
import { agentsApp } from "./agents-app.ts";
import { startScriptedModel } from "./scripted-model.ts";
import { settingsFromEnv } from "./settings.ts";

const question = "How long are the rivers of Europe on average?";

async function main(): Promise<void> {
  const settings = settingsFromEnv(process.env);
  const logger = pino({ level: settings.logLevel });
  const { backend } = await strongestBackend([
    { name: "docker", open: async () => openDockerBackend({ owner: "agents", images: [baseSandboxType.image] }) },
    { name: "bubblewrap", open: async () => openBubblewrapBackend() },
    { name: "wasm", open: async () => openWasmBackend({ logger }) },
  ]);
  const sandboxes = await SandboxManager.open({ backend, types: [baseSandboxType], logger });
  const scripted = settings.provider === undefined ? await startScriptedModel() : undefined;
  const resources = [...(scripted === undefined ? [] : [scripted]), backend, sandboxes];
  const provider = settings.provider ?? scripted;
  if (provider === undefined) return; // There is one or the other.
  const { app, names } = await agentsApp({ provider, sandboxes, resources, logger });
  const { url } = await serve(app, settings);
  const body = JSON.stringify({ input: [{ role: "user", content: [{ type: "text", text: question }] }] });
  console.log(
    `Researchers (${names.join(", ")}; model ${provider.model}; code runs in ${backend.name}) on ${url} – try: ` +
      `curl -N ${url}/agents/${names[0] ?? ""}/process -H 'content-type: application/json' -d '${body}'`,
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
