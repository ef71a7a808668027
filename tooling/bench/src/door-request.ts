import { orderBody } from "./order.ts";
import type { Order } from "./order.ts";

/** `wire` is our own, and `a2a-sdk` that of A2A's own server. */
export const doorNames = ["wire", "agentcore", "responses", "chat", "agui", "a2a", "a2a-sdk"] as const;
/** `direct` is the stream given to the runtime as it is; the others are a framework's, through its adapter. */
export const adapterNames = ["direct", "ai-sdk", "langgraph", "openai-agents", "mastra", "agentscope"] as const;
export type DoorName = (typeof doorNames)[number] | (typeof adapterNames)[number];

interface DoorRequest {
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** What asks for an order at a door, as a stream. `id` is what the protocol wants a new one of each time. */
export function doorRequest(door: DoorName, order: Order, id: string): DoorRequest {
  const text = JSON.stringify(order);
  switch (door) {
    case "wire":
      return { path: "/process", headers: [], body: orderBody(order) };
    case "direct":
    case "ai-sdk":
    case "langgraph":
    case "openai-agents":
    case "mastra":
    case "agentscope":
      return { path: `/agents/${door}/process`, headers: [], body: orderBody(order) };
    case "agentcore":
      return { path: "/invocations", headers: [], body: orderBody(order) };
    case "responses":
      return json("/v1/responses", { model: "workload", input: text, stream: true });
    case "chat":
      return json("/v1/chat/completions", {
        model: "workload",
        messages: [{ role: "user", content: text }],
        stream: true,
      });
    case "agui":
      return json(
        "/ag-ui",
        {
          threadId: `t${id}`,
          runId: `r${id}`,
          state: {},
          messages: [{ id: "m1", role: "user", content: text }],
          tools: [],
          context: [],
          forwardedProps: {},
        },
        ["accept: text/event-stream"],
      );
    case "a2a":
    case "a2a-sdk": {
      const message = { messageId: `m${id}`, role: "ROLE_USER", parts: [{ text }] };
      const call = { jsonrpc: "2.0", id: 1, method: "SendStreamingMessage", params: { message } };
      return json("/a2a", call, ["a2a-version: 1.0", "accept: text/event-stream"]);
    }
  }
}

function json(path: string, body: unknown, headers: readonly string[] = []): DoorRequest {
  return { path, headers, body: JSON.stringify(body) };
}
