import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { env } from "node:process";
import { AgentApp } from "@agentscope-runtime/core";
import type { AgentOutput, HttpReply } from "@agentscope-runtime/core";
import { callHandler, describeGateway, jsonOf } from "@agentscope-runtime/core/testing";
import type { GatewayAnswer, GatewayQuestion } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ValidateFunction } from "ajv/dist/2020.js";
import OpenAI from "openai";
import { openAi } from "./index.ts";

async function ask({ url, text, stream = true, apiKey = "none", signal }: GatewayQuestion): Promise<GatewayAnswer> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
  const options = signal === undefined ? {} : { signal };
  if (!stream) {
    const response = await client.responses.create({ input: text }, options);
    if (response.error !== null) throw new Error(response.error.message);
    return { pieces: single(response.output_text) };
  }
  const { data, response } = await client.responses.create({ input: text, stream: true }, options).withResponse();
  const runId = response.headers.get("x-run-id") ?? "";
  return { pieces: texts(data), cancel: async () => void (await client.responses.cancel(runId)) };
}

async function* texts(events: AsyncIterable<OpenAI.Responses.ResponseStreamEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type === "response.output_text.delta") yield event.delta;
    if (event.type === "response.failed") throw new Error(event.response.error?.message);
  }
}

async function* single(text: string): AsyncGenerator<string> {
  yield text;
  await Promise.resolve();
}

describeGateway("Responses", {
  gateway: () => openAi(),
  serve: async (app) => serve(app, { port: 0, closeOnSignals: false, drainMs: 100 }),
  ask,
});

/** Where the specification's `openapi.json` is, in a folder `openresponses`; without it nothing is compared. */
const path = join(env["SPECS_PATH"] ?? "", "openresponses", "openapi.json");

/** All that Open Responses has words for: its items do not know tools that were run on the server. */
const told: readonly (readonly [string, readonly AgentOutput[]])[] = [
  ["text", ["one ", "two"]],
  ["reasoning", [{ type: "reasoning.delta", delta: "hm" }, "hi"]],
  ["a refusal", [{ type: "refusal.delta", delta: "No." }]],
  [
    "a function's call",
    [{ type: "tool.call", callId: "c1", name: "weather", arguments: { city: "Oslo" }, kind: "function" }],
  ],
  [
    "images and files",
    [
      "look",
      { type: "content", content: { type: "image", image_url: "https://example.com/a.png" } },
      { type: "content", content: { type: "file", file_url: "https://example.com/a.pdf", filename: "a.pdf" } },
      { type: "content", content: { type: "audio", data: "UklGRg==", format: "wav" } },
      { type: "content", content: { type: "data", data: { a: 1 } } },
    ],
  ],
  ["usage", ["hi", { type: "usage", usage: { input_tokens: 1.5, output_tokens: 2 } }]],
  ["an end that came too early", ["hi", { type: "incomplete", reason: "max_tokens" }]],
  ["a failure", ["hi", undefined as unknown as string]],
];
const asked: readonly object[] = [
  { input: "hi" },
  {
    model: "m",
    input: [{ role: "user", content: "hi" }],
    instructions: "Rhyme.",
    tools: [{ type: "function", name: "weather" }],
    tool_choice: { type: "allowed_tools", tools: [{ type: "function", name: "weather" }] },
    metadata: { a: "b" },
    reasoning: { effort: "low" },
    text: { format: { type: "json_object" }, verbosity: "low" },
    temperature: 0.5,
    max_output_tokens: 100,
    store: false,
  },
];

interface Schema {
  readonly properties?: { readonly type?: { readonly enum?: readonly string[] } };
}

/** Compares what is sent with the schemas of the document. */
function validators(document: string): {
  readonly resource: ValidateFunction;
  readonly socketError: ValidateFunction;
  readonly events: Map<string, ValidateFunction>;
} {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const spec = JSON.parse(document) as { readonly components: { readonly schemas: Readonly<Record<string, Schema>> } };
  ajv.addSchema(spec, "spec");
  const validator = (name: string): ValidateFunction => ajv.compile({ $ref: `spec#/components/schemas/${name}` });
  const events = new Map<string, ValidateFunction>();
  for (const [name, { properties }] of Object.entries(spec.components.schemas)) {
    const [type] = properties?.type?.enum ?? [];
    if (name.endsWith("StreamingEvent") && type !== undefined) events.set(type, validator(name));
  }
  return { resource: validator("ResponseResource"), events, socketError: validator("WebSocketErrorEvent") };
}

async function framesOf(reply: HttpReply): Promise<string> {
  return reply.body !== undefined && "sse" in reply.body ? (await Array.fromAsync(reply.body.sse)).join("") : "";
}

if (env["SPECS_PATH"] !== undefined && existsSync(path)) {
  describe("Responses, compared with the Open Responses document", () => {
    const { resource, events, socketError } = validators(readFileSync(path, "utf8"));

    it("tell what is wrong on a WebSocket as it allows, and everything else as by HTTP", async () => {
      const app = new AgentApp({ query: () => "hi", gateways: [openAi()] });
      await using server = await serve(app, { port: 0, closeOnSignals: false });
      const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`);
      await once(socket, "open");
      const questions = [{ input: 7 }, { input: "hi", previous_response_id: "resp_nobody" }, { input: "hi" }];
      for (const question of questions) socket.send(JSON.stringify({ type: "response.create", ...question }));
      const heard: { readonly type: string }[] = [];
      const all = Promise.withResolvers<undefined>();
      socket.addEventListener("message", ({ data }) => {
        const event = JSON.parse(String(data)) as { readonly type: string };
        heard.push(event);
        if (event.type === "response.completed") all.resolve(undefined);
      });
      await all.promise;
      for (const event of heard) {
        const validate = event.type === "error" ? socketError : events.get(event.type);
        expect([event.type, validate?.(event), validate?.errors]).toEqual([event.type, true, null]);
      }
      expect(heard.filter(({ type }) => type === "error")).toHaveLength(2);
      socket.close();
      await once(socket, "close");
    });

    it.each(told)("tell %s as it allows", async (_what, outputs) => {
      await using app = new AgentApp({ query: () => outputs, gateways: [openAi()] });
      await app.start();
      for (const body of asked) {
        const whole = jsonOf(await callHandler(app.handle, { path: "/v1/responses", body }));
        expect([resource(whole), resource.errors]).toEqual([true, null]);
        const frames = await framesOf(
          await callHandler(app.handle, { path: "/v1/responses", body: { ...body, stream: true } }),
        );
        const data = [...frames.matchAll(/^data: (\{.*)$/gm)].map(
          ([, json = ""]) => JSON.parse(json) as { type: string },
        );
        expect(data.length).toBeGreaterThan(3);
        for (const event of data) {
          const validate = events.get(event.type);
          expect([event.type, validate?.(event), validate?.errors]).toEqual([event.type, true, null]);
        }
      }
    });
  });
}
