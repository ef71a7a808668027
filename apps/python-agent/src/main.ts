import { serve } from "@agentscope-runtime/express";
import { pythonAgent } from "./python-agent.ts";

const { PYTHON = "python3", PORT = "8090", HOST = "127.0.0.1", ...others } = process.env;
// The agent gets what it needs, and no more.
const names = ["PATH", "HOME", "OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL"];
const env = Object.fromEntries(names.flatMap((name) => (others[name] === undefined ? [] : [[name, others[name]]])));
const write = (fields: object, message: string): void => {
  console.error(message, fields);
};
const logger = { debug: () => undefined, info: write, warn: write, error: write };
const server = await serve(pythonAgent({ python: [PYTHON], env, logger }), { port: Number(PORT), host: HOST });
console.log(`python-agent listens on ${server.url}`);
