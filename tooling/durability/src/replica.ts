// One of several processes that serve the same app from the same store.
import { AgentApp } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { openServices } from "./open-services.ts";
import { storyAgent } from "./story-agent.ts";

const { STORE = "", NAMESPACE = "", EFFECTS = "", PORT = "0" } = process.env;
const services = await openServices(STORE, NAMESPACE);

/** Tells the test that something has happened. */
async function effect(name: string): Promise<void> {
  await fetch(EFFECTS, { method: "POST", body: name });
}

const app = new AgentApp({
  name: "replica",
  query: storyAgent(effect),
  services,
  resources: [services],
  limits: { maxRunLength: 512 * 1024 * 1024 },
  tasks: {
    "/work": async (body) => {
      await effect((body as { name: string }).name);
      return "done";
    },
  },
  routes: [
    {
      method: "GET",
      path: "/memory",
      doc: { summary: "How much memory the process takes." },
      handle: () => ({ status: 200, body: { json: process.memoryUsage() } }),
    },
  ],
});
const server = await serve(app, { port: Number(PORT), host: "127.0.0.1" });
console.log(`replica listens on ${server.url}`);
