import { serve } from "@agentscope-runtime/express";
import { pino } from "pino";
import { assistantApp } from "./assistant-app.ts";
import { modelFrom } from "./model.ts";
import { settingsFromEnv } from "./settings.ts";

const settings = settingsFromEnv(process.env);
const logger = pino({ level: settings.logLevel });
const app = assistantApp({ model: modelFrom(settings), logger });
const { url } = await serve(app, settings);

const request = `'{"input":[{"role":"user","content":[{"type":"text","text":"What time is it?"}]}]}'`;
const model = settings.provider?.model ?? "a scripted demo model; set OPENAI_API_KEY for a real one";
console.log(
  `Assistant (${model}) on ${url} – try: curl -N ${url}/process -H 'content-type: application/json' -d ${request}`,
);
