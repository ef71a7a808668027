// One of several processes that serve the same app from the same store.
import { AgentApp } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openServices } from "./open-services.ts";
import { storyAgent } from "./story-agent.ts";

const { STORE = "", NAMESPACE = "", EFFECTS = "", PORT = "0", APPROVAL_MS } = process.env;
const services = await openServices(STORE, NAMESPACE);

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Tells the test that something has happened. */
async function effect(name: string): Promise<void> {
  await fetch(EFFECTS, { method: "POST", body: name });
}

const app = new AgentApp({
  name: "replica",
  query: storyAgent(effect),
  services,
  resources: [services],
  ...(APPROVAL_MS !== undefined && { approvalMs: Number(APPROVAL_MS) }),
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
      doc: { summary: "How many bytes are held, without garbage." },
      handle: () => {
        collectGarbage();
        const { heapUsed, external } = process.memoryUsage();
        return { status: 200, body: { json: { held: heapUsed + external } } };
      },
    },
  ],
});
const server = await serve(app, { port: Number(PORT), host: "127.0.0.1" });
console.log(`replica listens on ${server.url}`);
