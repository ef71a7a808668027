import { AgentApp } from "@agentscope-runtime/core";
import type { QueryHandler } from "@agentscope-runtime/core";
import type { ScriptServices } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { defineTool } from "@agentscope-runtime/tools";
import type { Tool } from "@agentscope-runtime/tools";
import { appendFile } from "node:fs/promises";
import { z } from "zod";
import { openServices } from "../open-services.ts";

/** An agent of a framework whose only tool needs a person's leave. The services outlive the process. */
export type Payer = (pay: Tool, services: ScriptServices) => QueryHandler;

/** Serves a payer from the store of the environment. Each payment is a line in a file. */
export async function servePayer(payer: Payer): Promise<void> {
  const { STORE = "", NAMESPACE = "", PAYMENTS = "" } = process.env;
  const services = await openServices(STORE, NAMESPACE);
  const pay = defineTool({
    name: "pay",
    description: "Pays somebody.",
    input: z.object({ to: z.string() }),
    run: async ({ to }) => {
      await appendFile(PAYMENTS, `${to}\n`);
      // It has paid, and does not come to say so: until it is killed.
      if (to.startsWith("slow")) await Promise.withResolvers<undefined>().promise;
      return `paid ${to}`;
    },
  });
  // Silence is noticed soon.
  const app = new AgentApp({ query: payer(pay, services), services, resources: [services], heartbeatMs: 300 });
  const { url } = await serve(app, { port: 0, host: "127.0.0.1" });
  console.log(`payer listens on ${url}`);
}
