import { Role, TaskState } from "@a2a-js/sdk";
import type { SendMessageRequest, StreamResponse } from "@a2a-js/sdk";
import { ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import type { Client } from "@a2a-js/sdk/client";
import {
  A2AClient,
  ClientFactory as LegacyClientFactory,
  RestTransportFactory as LegacyRestTransportFactory,
} from "@a2a-js/sdk-0.3/client";
import { describeGateway } from "@agentscope-runtime/core/testing";
import type { GatewayAnswer, GatewayQuestion } from "@agentscope-runtime/core/testing";
import type { AgentApp } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { a2aGateway } from "./index.ts";

/** `fetch` that remembers the status of a refusal: the client tells only what stands in the body. */
function noting(apiKey: string | undefined, signal: AbortSignal | undefined) {
  const noted = { status: 200 };
  const fetchImpl: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    if (apiKey !== undefined) headers.set("authorization", `Bearer ${apiKey}`);
    const answer = await fetch(input, { ...init, headers, ...(signal && { signal }) });
    if (!answer.ok) noted.status = answer.status;
    return answer;
  };
  return { noted, fetchImpl };
}

function toRequest(text: string): SendMessageRequest {
  const part = { content: { $case: "text" as const, value: text }, metadata: undefined, filename: "", mediaType: "" };
  return {
    tenant: "",
    message: {
      messageId: crypto.randomUUID(),
      contextId: "",
      taskId: "",
      role: Role.ROLE_USER,
      parts: [part],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
    configuration: undefined,
    metadata: undefined,
  };
}

async function* piecesOf(events: AsyncIterable<StreamResponse>): AsyncGenerator<string> {
  for await (const { payload } of events) {
    if (payload?.$case === "artifactUpdate") {
      for (const { content } of payload.value.artifact?.parts ?? [])
        if (content?.$case === "text" && content.value !== "") yield content.value;
    }
    if (payload?.$case === "statusUpdate" && payload.value.status?.state === TaskState.TASK_STATE_FAILED) {
      throw new Error(JSON.stringify(payload.value.status.message?.parts));
    }
  }
}

async function clientOf(url: string, transport: string, fetchImpl: typeof fetch): Promise<Client> {
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })],
    preferredTransports: [transport],
  });
  return factory.createFromUrl(url);
}

function asker(transport: "JSONRPC" | "HTTP+JSON") {
  return async ({ url, text, stream = true, apiKey, signal }: GatewayQuestion): Promise<GatewayAnswer> => {
    const { noted, fetchImpl } = noting(apiKey, signal);
    const client = await clientOf(url, transport, fetchImpl);
    try {
      if (!stream) {
        const result = await client.sendMessage(toRequest(text));
        if (!("status" in result)) throw new Error("A task was expected.");
        if (result.status?.state === TaskState.TASK_STATE_FAILED)
          throw new Error(JSON.stringify(result.status.message?.parts));
        const parts = result.artifacts.flatMap((artifact) => artifact.parts);
        const texts = parts.map(({ content }) => (content?.$case === "text" ? content.value : ""));
        return { pieces: iterate([texts.join("")]) };
      }
      const events = client.sendMessageStream(toRequest(text));
      const first = await events.next();
      if (first.done === true || first.value.payload?.$case !== "task") throw new Error("The task has to come first.");
      const { id } = first.value.payload.value;
      return {
        pieces: piecesOf(events),
        cancel: async () => void (await client.cancelTask({ tenant: "", id, metadata: undefined })),
      };
    } catch (thrown) {
      throw Object.assign(thrown as Error, { status: noted.status });
    }
  };
}

async function* iterate<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
  await Promise.resolve();
}

interface LegacyText {
  readonly parts: readonly { readonly kind: string; readonly text?: string }[];
}

function legacyText({ parts }: LegacyText): string {
  return parts.map(({ text = "" }) => text).join("");
}

/** The client of A2A 0.3 over HTTP+JSON. */
async function askLegacyRest({ url, text, stream = true, apiKey, signal }: GatewayQuestion): Promise<GatewayAnswer> {
  const { noted, fetchImpl } = noting(apiKey, signal);
  const factory = new LegacyClientFactory({
    transports: [new LegacyRestTransportFactory({ fetchImpl })],
    preferredTransports: ["HTTP+JSON"],
  });
  const client = await factory.createFromUrl(url);
  const part = { kind: "text" as const, text };
  const message = { kind: "message" as const, messageId: crypto.randomUUID(), role: "user" as const, parts: [part] };
  try {
    if (!stream) {
      const result = await client.sendMessage({ message });
      if (result.kind !== "task") throw new Error("A task was expected.");
      if (result.status.state === "failed") throw new Error(JSON.stringify(result.status.message));
      return { pieces: iterate([(result.artifacts ?? []).map(legacyText).join("")]) };
    }
    const events = client.sendMessageStream({ message });
    const first = await events.next();
    if (first.done === true || first.value.kind !== "task") throw new Error("The task has to come first.");
    const { id } = first.value;
    return {
      pieces: (async function* () {
        for await (const event of events) {
          if (event.kind === "artifact-update" && legacyText(event.artifact) !== "") yield legacyText(event.artifact);
          if (event.kind === "status-update" && event.status.state === "failed") throw new Error("failed");
        }
      })(),
      cancel: async () => void (await client.cancelTask({ id })),
    };
  } catch (thrown) {
    throw Object.assign(thrown as Error, { status: noted.status });
  }
}

/** The client of A2A 0.3. */
async function askLegacy({ url, text, stream = true, apiKey, signal }: GatewayQuestion): Promise<GatewayAnswer> {
  const { noted, fetchImpl } = noting(apiKey, signal);
  const client = await A2AClient.fromCardUrl(`${url}/.well-known/agent-card.json`, { fetchImpl });
  const part = { kind: "text", text } as const;
  const message = { kind: "message", messageId: crypto.randomUUID(), role: "user", parts: [part] } as const;
  try {
    if (!stream) {
      const answer = await client.sendMessage({ message: { ...message, parts: [part] } });
      if ("error" in answer) throw new Error(answer.error.message);
      const { result } = answer;
      if (result.kind !== "task") throw new Error("A task was expected.");
      if (result.status.state === "failed") throw new Error(JSON.stringify(result.status.message));
      const parts = (result.artifacts ?? []).flatMap((artifact) => artifact.parts);
      return { pieces: iterate([parts.map((one) => (one.kind === "text" ? one.text : "")).join("")]) };
    }
    const events = client.sendMessageStream({ message: { ...message, parts: [part] } });
    const first = await events.next();
    if (first.done === true || first.value.kind !== "task") throw new Error("The task has to come first.");
    const { id } = first.value;
    return {
      pieces: (async function* () {
        for await (const event of events) {
          if (event.kind === "artifact-update") {
            for (const one of event.artifact.parts) if (one.kind === "text" && one.text !== "") yield one.text;
          }
          if (event.kind === "status-update" && event.status.state === "failed") throw new Error("failed");
        }
      })(),
      cancel: async () => {
        const answer = await client.cancelTask({ id });
        if ("error" in answer) throw new Error(answer.error.message);
      },
    };
  } catch (thrown) {
    throw Object.assign(thrown as Error, { status: noted.status });
  }
}

const shared = {
  // The promises are about runs that end with their last reader.
  gateway: () => a2aGateway({ onDisconnect: "cancel" }),
  serve: async (app: AgentApp) => serve(app, { port: 0, closeOnSignals: false, drainMs: 100 }),
};

describeGateway("A2A 1.0 over JSON-RPC", { ...shared, ask: asker("JSONRPC") });
describeGateway("A2A 1.0 over HTTP+JSON", { ...shared, ask: asker("HTTP+JSON") });
describeGateway("A2A 0.3 over JSON-RPC", { ...shared, ask: askLegacy });
describeGateway("A2A 0.3 over HTTP+JSON", { ...shared, ask: askLegacyRest });
