import { AgentApp } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { everyGateway } from "./every-gateway.ts";
import { openServices } from "./open-services.ts";
import { workloadAgent } from "./workload-agent.ts";

const { PORT = "8090", HOST = "127.0.0.1", STORE = "", DOORS = "" } = process.env;
const services = await openServices(STORE);
const gateways = DOORS === "all" ? await everyGateway() : [];
const app = new AgentApp({ name: "workload", query: workloadAgent, services, gateways, resources: [services] });
const server = await serve(app, { port: Number(PORT), host: HOST });
console.log(`workload listens on ${server.url}`);
