// A named peer: A2A's own server, with an agent that says as much as ours, a piece as an artifact's update.
import type { AddressInfo } from "node:net";
import { AGENT_CARD_PATH } from "@a2a-js/sdk";
import { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } from "@a2a-js/sdk/server";
import type { AgentExecutor } from "@a2a-js/sdk/server";
import { agentCardHandler, jsonRpcHandler, UserBuilder } from "@a2a-js/sdk/server/express";
import express from "express";
import type { Order } from "../order.ts";

const state = (value: number) => ({ state: value, message: undefined, timestamp: new Date().toISOString() });

const agent: AgentExecutor = {
  async execute({ userMessage, taskId, contextId }, eventBus) {
    const [part] = userMessage.parts;
    const { tokens } = JSON.parse(part?.content?.$case === "text" ? part.content.value : "") as Order;
    const about = { taskId, contextId, metadata: undefined };
    eventBus.publish(
      AgentEvent.task({
        id: taskId,
        contextId,
        status: state(1),
        artifacts: [],
        history: [userMessage],
        metadata: undefined,
      }),
    );
    eventBus.publish(AgentEvent.statusUpdate({ ...about, status: state(2) }));
    for (let index = 0; index < tokens; index += 1) {
      const parts = [
        { content: { $case: "text" as const, value: "tok " }, metadata: undefined, filename: "", mediaType: "" },
      ];
      const artifact = { artifactId: "answer", name: "", description: "", parts, metadata: undefined, extensions: [] };
      const lastChunk = index === tokens - 1;
      eventBus.publish(AgentEvent.artifactUpdate({ ...about, artifact, append: index > 0, lastChunk }));
      await Promise.resolve(); // As a model's stream would.
    }
    eventBus.publish(AgentEvent.statusUpdate({ ...about, status: state(3) }));
    eventBus.finished();
  },
  cancelTask: async () => undefined,
};

const requestHandler = new DefaultRequestHandler(
  {
    name: "workload",
    description: "",
    version: "0.0.0",
    supportedInterfaces: [{ url: "/a2a", protocolBinding: "JSONRPC", protocolVersion: "1.0", tenant: "" }],
    provider: undefined,
    documentationUrl: undefined,
    iconUrl: undefined,
    capabilities: { streaming: true, pushNotifications: false, extensions: [], extendedAgentCard: false },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [],
    signatures: [],
  },
  new InMemoryTaskStore(),
  agent,
);
const app = express();
app.use(`/${AGENT_CARD_PATH}`, agentCardHandler({ agentCardProvider: requestHandler }));
app.use("/a2a", jsonRpcHandler({ requestHandler, userBuilder: UserBuilder.noAuthentication }));
const server = app.listen(Number(process.env["PORT"]), process.env["HOST"] ?? "", () => {
  const { address, port } = server.address() as AddressInfo; // A string only for a pipe.
  console.log(`a2a-sdk listens on http://${address}:${port}`);
});
