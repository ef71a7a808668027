import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message, MessageInput } from "@agentscope-runtime/protocol";
import * as sdk7 from "ai";
import * as sdk6 from "ai-v6";
import fc from "fast-check";
import { fromUIMessages, toModelMessages, toUIMessages } from "./index.ts";
import type { UIMessageInput } from "./index.ts";

function ours(...inputs: MessageInput[]): Message[] {
  return travelled(inputs).map((input, index) =>
    messageSchema.parse({ id: `m${index}`, status: "completed", ...input }),
  );
}

/** What a message says, without the numbers of a stream. */
function said({ id, type, role, content, metadata }: Message): unknown {
  const parts = content?.map((part) =>
    Object.fromEntries(
      Object.entries(part).filter(
        ([name, value]) => value !== null && !["object", "status", "index", "delta", "msg_id"].includes(name),
      ),
    ),
  );
  return { id, type, role, content: parts ?? null, metadata };
}

const text = fc.string({ unit: "binary", maxLength: 12 });
const id = fc.constantFrom("c1", "c2", "c3");
const json = fc.dictionary(
  fc.constantFrom("a", "b", "type", "id", "data"),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<never>,
  {
    maxKeys: 3,
  },
);
const argumentsText = fc.oneof(
  json.map((value) => JSON.stringify(value)),
  fc.constantFrom("", "{}", "not json", '{ "a": 1 }', "[1]", '"text"', "null", '{"n":12345678901234567890}'),
);
const content = fc.oneof(
  fc.record({ type: fc.constant("text" as const), text }),
  fc.record({ type: fc.constant("refusal" as const), refusal: text }),
  fc.record({ type: fc.constant("data" as const), data: json }),
  fc.constantFrom(
    { type: "image" as const, image_url: "https://example.com/a.png" },
    { type: "image" as const, image_url: "data:image/png;base64,QUJD" },
    { type: "image" as const, image_url: "data:image/svg+xml;utf8,<svg/>" },
    { type: "image" as const },
    { type: "image" as const, image_url: "not a URL" },
    { type: "audio" as const, data: "QUJD", format: "wav" },
    { type: "audio" as const, data: "QUJD" },
    { type: "audio" as const, data: "data:audio/mpeg;base64,QUJD", format: "mp3" },
    { type: "audio" as const, data: "https://example.com/a.mp3", format: "x-wav" },
    { type: "video" as const, video_url: "https://example.com/a.mp4" },
    { type: "file" as const, file_url: "https://example.com/a.pdf", filename: "a.pdf" },
    { type: "file" as const, file_data: "QUJD" },
    { type: "file" as const, file_data: "data:text/plain;charset=utf-8;base64,QUJD", file_name: "a.txt" },
    { type: "file" as const, file_id: "file-1" },
    { type: "file" as const, file_id: "file-1", file_url: "https://example.com/a.png" },
    { type: "data" as const, data: { type: "source", source_type: "url", id: "s1", url: "https://example.com/" } },
    {
      type: "data" as const,
      data: { type: "source", source_type: "document", id: "s1", media_type: "a/b", title: "t" },
    },
    { type: "data" as const, data: { type: "data-chart", id: "x", data: [1] } },
    { type: "data" as const, data: { type: "data-agentscope", data: { id: "m0" } } },
  ),
);
const dataOf = (fields: fc.Arbitrary<Record<string, unknown>>) =>
  fields.map((value) => [{ type: "data" as const, data: value }]);
const kind = fc.constantFrom("plugin" as const, "mcp" as const, "function" as const);
const metadata = fc.option(json, { freq: 3 });

const message: fc.Arbitrary<MessageInput> = fc.oneof(
  fc.record({
    type: fc.constantFrom("message" as const, "reasoning" as const, "error" as const, "a2ui_action" as const),
    role: fc.constantFrom("user" as const, "assistant" as const, "system" as const, "tool" as const, null),
    content: fc.option(fc.array(content, { maxLength: 3 }), { freq: 9 }),
    metadata,
  }),
  fc
    .record({
      kind,
      metadata,
      call_id: fc.option(id, { freq: 9 }),
      name: fc.constantFrom("look", "a.b", "é"),
      text: argumentsText,
    })
    .map(({ kind: of, metadata: notes, text: written, ...call }) => ({
      type: `${of}_call` as const,
      role: "assistant" as const,
      metadata: notes,
      content: [{ type: "data" as const, data: { ...call, arguments: written } }],
    })),
  fc.record({ kind, metadata, call_id: id, output: argumentsText, is_error: fc.boolean() }).map((output) => ({
    type: `${output.kind}_call_output` as const,
    role: "tool" as const,
    metadata: output.metadata,
    content: [
      { type: "data" as const, data: { call_id: output.call_id, output: output.output, is_error: output.is_error } },
    ],
  })),
  fc.record({
    type: fc.constant("mcp_approval_request" as const),
    role: fc.constant("assistant" as const),
    content: dataOf(
      fc.record({
        id: fc.constantFrom("a1", "a2", "c1"),
        name: fc.constantFrom("look", "a.b"),
        server_label: fc.constantFrom("", "s"),
        arguments: argumentsText,
      }),
    ),
    metadata,
  }),
  fc.record({
    type: fc.constant("mcp_approval_response" as const),
    role: fc.constantFrom("user" as const, "assistant" as const),
    content: dataOf(
      fc.record({
        approval_request_id: fc.constantFrom("a1", "a2", "c1"),
        approve: fc.boolean(),
        reason: fc.option(text),
      }),
    ),
    metadata,
  }),
);

/** As they come back from a browser or a database. */
function travelled<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

describe("our messages as the SDK's", () => {
  it("come back as they went, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 10 }), (inputs) => {
        const messages = ours(...inputs);
        const back = fromUIMessages(travelled(toUIMessages(messages)));
        // What is said about a call after others have spoken stands at the call.
        const sorted = back.toSorted((left, right) => Number(left.id.slice(1)) - Number(right.id.slice(1)));
        expect(sorted.map(said)).toEqual(messages.map(said));
      }),
      { numRuns: 400 },
    );
  });

  it("keep their order while nobody else speaks", () => {
    const agents = message.filter(({ role, type }) => role === "assistant" || (type ?? "message") !== "message");
    fc.assert(
      fc.property(fc.array(agents, { maxLength: 10 }), (inputs) => {
        const messages = ours(...inputs).filter(({ type, role }) => type !== "a2ui_action" || role === "assistant");
        expect(fromUIMessages(travelled(toUIMessages(messages))).map(said)).toEqual(messages.map(said));
      }),
      { numRuns: 200 },
    );
  });

  it("are messages to both versions, whatever they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 6 }), async (inputs) => {
        const messages = toUIMessages(ours(...inputs)).filter(({ parts }) => parts.length > 0);
        if (messages.length === 0) return;
        // Each checks more than its types say.
        expect(await sdk7.validateUIMessages({ messages })).toHaveLength(messages.length);
        expect(await sdk6.validateUIMessages({ messages })).toHaveLength(messages.length);
      }),
      { numRuns: 100 },
    );
  });

  it("tell a model the same by the SDK's own way as by ours", async () => {
    const call = (callId: string) => ({ call_id: callId, name: "look", arguments: '{"at":"sky"}' });
    const messages = ours(
      {
        role: "user",
        content: [
          { type: "text", text: "Look." },
          { type: "image", image_url: "https://a.test/a.png" },
        ],
      },
      { type: "reasoning", role: "assistant", content: [{ type: "text", text: "Hm." }] },
      { type: "plugin_call", role: "assistant", content: [{ type: "data", data: call("c1") }] },
      { type: "mcp_call", role: "assistant", content: [{ type: "data", data: call("c2") }] },
      {
        type: "plugin_call_output",
        role: "tool",
        content: [{ type: "data", data: { call_id: "c1", output: "blue" } }],
      },
      {
        type: "mcp_call_output",
        role: "tool",
        content: [{ type: "data", data: { call_id: "c2", output: "It fell.", is_error: true } }],
      },
      { role: "assistant", content: [{ type: "text", text: "Blue." }] },
      { role: "user", content: [{ type: "text", text: "Sure?" }] },
    );
    const parts = (shown: readonly { role: string; content: unknown }[]) =>
      shown.map(({ role, content: said_ }) => [
        role,
        typeof said_ === "string" ? said_ : (said_ as object[]).map(kindOf),
      ]);
    const wanted = parts(toModelMessages(messages));
    expect(parts(await sdk7.convertToModelMessages(toUIMessages(messages)))).toEqual(wanted);
    expect(parts(await sdk6.convertToModelMessages(toUIMessages(messages)))).toEqual(wanted);
  });

  it("are one message of the agent's for a turn, with a part for each call and a step for each call of the model", () => {
    const data = { call_id: "c1", name: "look", arguments: "{}" };
    const shown = toUIMessages(
      ours(
        { role: "user", content: [{ type: "text", text: "Look." }], metadata: { from: "phone" } },
        { type: "plugin_call", role: "assistant", content: [{ type: "data", data }] },
        {
          type: "plugin_call_output",
          role: "tool",
          content: [{ type: "data", data: { call_id: "c1", name: "look", output: '{"colour":"blue"}' } }],
        },
        { role: "assistant", content: [{ type: "text", text: "Blue." }] },
      ),
    );
    expect(shown).toMatchObject([
      { id: "m0", role: "user", metadata: { from: "phone" }, parts: [{ type: "text", text: "Look." }] },
      {
        id: "m1",
        role: "assistant",
        parts: [
          { type: "step-start" },
          { type: "tool-look", toolCallId: "c1", state: "output-available", input: {}, output: { colour: "blue" } },
          { type: "step-start" },
          { type: "text", text: "Blue." },
        ],
      },
    ]);
    // Nothing has to be noted of what a user says.
    expect(shown[0]?.parts).toEqual([{ type: "text", text: "Look." }]);
  });

  it("show a file that only a provider has where the provider is known", () => {
    const messages = ours({ role: "user", content: [{ type: "file", file_id: "file-1", filename: "a.pdf" }] });
    const shown = toUIMessages(messages, { fileProvider: "openai" });
    const file = { type: "file", filename: "a.pdf", url: "", providerReference: { openai: "file-1" } };
    expect(shown[0]?.parts).toMatchObject([file]);
    expect(fromUIMessages(shown).map(said)).toEqual(messages.map(said));
  });

  it("are taken as they say themselves where somebody has broken a note", () => {
    const [shown] = toUIMessages(
      ours({ role: "user", content: [{ type: "text", text: "hi" }] }, { role: "assistant", content: [] }),
    );
    const broken = (change: unknown): UIMessageInput[] => [
      {
        id: "m0",
        role: "user",
        parts: [{ type: "text", text: "hi", providerMetadata: { agentscope: { id: "m0", change } } } as never],
      },
    ];
    const wanted = [said(ours({ role: "user", content: [{ type: "text", text: "hi" }] })[0] as Message)];
    expect(shown?.id).toBe("m0");
    for (const change of [
      1,
      { value: 3 },
      { fields: { role: { value: "king" } } },
      { fields: { content: { value: 1 } } },
    ]) {
      expect(fromUIMessages(broken(change)).map(withoutOurs)).toEqual(wanted);
    }
  });
});

function withoutOurs(message_: Message): unknown {
  return said({ ...message_, metadata: null });
}

/** What a part is and says, without what one version writes and the other does not. */
function kindOf(part: object): unknown {
  const { type, text: words, toolName, toolCallId, mediaType, output } = part as Record<string, unknown>;
  return { type, words, toolName, toolCallId, mediaType, output };
}

const providerMetadata = { providerMetadata: { anthropic: { signature: "sig" } } };
const approval = { id: "a1", signature: "s", isAutomatic: false };
const toolState = fc.constantFrom<Record<string, unknown>>(
  { state: "input-streaming", rawInput: '{"a', input: undefined },
  { state: "input-available", input: { a: 1 } },
  { state: "approval-requested", input: {}, approval },
  { state: "approval-responded", input: {}, approval: { ...approval, approved: true, reason: "ok" } },
  { state: "output-available", input: {}, output: { b: [1] }, approval: { ...approval, approved: true } },
  { state: "output-available", input: "words", output: '{"b":1}', callProviderMetadata: { openai: { itemId: "i" } } },
  { state: "output-available", input: {}, output: null, preliminary: true },
  { state: "output-error", input: {}, errorText: "It fell.", resultProviderMetadata: { openai: { x: 1 } } },
  { state: "output-denied", input: {}, approval: { ...approval, approved: false, reason: "no" } },
);
const toolPart = fc.record({
  kind: fc.constantFrom({ type: "tool-look" }, { type: "dynamic-tool", toolName: "look" }),
  toolCallId: fc.constantFrom("c1", "c2", "c3"),
  toolState,
  more: fc.constantFrom<Record<string, unknown>>(
    {},
    { title: "Look" },
    { toolMetadata: { clientName: "s" } },
    { providerExecuted: true },
  ),
});
const uiPart: fc.Arbitrary<{ type: string }> = fc.oneof(
  {
    weight: 3,
    arbitrary: toolPart.map(({ kind: of, toolCallId, toolState: state, more }) => ({
      ...of,
      toolCallId,
      ...more,
      ...state,
    })),
  },
  fc.record({ type: fc.constantFrom("text", "reasoning"), text }),
  fc.constantFrom<{ type: string }>(
    { type: "step-start" },
    { type: "text", text: "hi", state: "done", ...providerMetadata } as never,
    { type: "reasoning", text: "", id: "r1", state: "done", ...providerMetadata } as never,
    { type: "file", mediaType: "image/png", url: "data:image/png;base64,QUJD", filename: "a.png" } as never,
    { type: "file", mediaType: "audio/wav", url: "data:audio/wav;base64,QUJD" } as never,
    { type: "file", mediaType: "application/pdf", url: "", providerReference: { openai: "f1" } } as never,
    { type: "source-url", sourceId: "s1", url: "https://example.com/", ...providerMetadata } as never,
    { type: "source-document", sourceId: "s1", mediaType: "a/b", title: "t", filename: "f" } as never,
    { type: "data-chart", id: "x", data: [1, null] } as never,
    { type: "data-json", data: "words" } as never,
    { type: "custom", kind: "openai.compaction", ...providerMetadata } as never,
    { type: "reasoning-file", mediaType: "image/png", url: "https://a.test/a.png" } as never,
    { type: "steering-message", id: "u9", parts: [{ type: "text", text: "Wait." }] } as never,
  ),
);
const uiMessage = fc.record({
  role: fc.constantFrom("user" as const, "assistant" as const, "assistant" as const, "system" as const),
  parts: fc.array(uiPart, { maxLength: 6 }),
  metadata: fc.constantFrom<unknown>(undefined, { model: "m" }, "words", 3, ["a"]),
});

describe("the SDK's messages as ours", () => {
  it("come back as they went, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(uiMessage, { maxLength: 4 }), (inputs) => {
        const messages = travelled(inputs.map((input, index) => ({ ...uniqueCalls(input, index), id: `u${index}` })));
        const kept = travelled(fromUIMessages(messages)).map((one) => messageSchema.parse(one));
        expect(toUIMessages(kept).map(withoutNotes)).toEqual(messages.map(withoutLastStep));
      }),
      { numRuns: 400 },
    );
  });

  it("have the same ids while they grow, and begin alike", () => {
    const grown = (state: object): UIMessageInput[] => [
      { id: "u1", role: "user", parts: [{ type: "text", text: "Look." } as never] },
      {
        id: "u2",
        role: "assistant",
        parts: [{ type: "step-start" }, { type: "tool-look", toolCallId: "c1", input: {}, ...state } as never],
      },
    ];
    const ids = (messages: UIMessageInput[]): string[] =>
      fromUIMessages(messages).map((one) => `${one.type} ${one.id}`);
    expect(ids(grown({ state: "input-available" }))).toEqual(["message u1", "plugin_call u2"]);
    expect(ids(grown({ state: "output-available", output: 1, approval: { id: "a1", approved: true } }))).toEqual([
      "message u1",
      "plugin_call u2",
      "mcp_approval_request u2/1/request",
      "mcp_approval_response u2/1/response",
      "plugin_call_output u2/1/output",
    ]);
  });

  it("say which part is none", () => {
    const bad = [{ id: "u1", role: "user" as const, parts: [{ type: "text", text: 1 } as never] }];
    expect(() => fromUIMessages(bad)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(() => fromUIMessages(bad)).toThrow("messages[0].parts[0] (text)");
    expect(() => fromUIMessages([{ id: "u1", role: "king", parts: [] } as never])).toThrow("messages[0]");
  });

  it("know the calls that the client runs", () => {
    const [call] = fromUIMessages(
      [
        {
          id: "u1",
          role: "assistant",
          parts: [{ type: "tool-ask", toolCallId: "c1", state: "input-available", input: {} } as never],
        },
      ],
      { clientTools: ["ask"] },
    );
    expect(call?.type).toBe("function_call");
  });
});

/** A call's id is its own within a conversation. */
function uniqueCalls(input: { role: string; parts: { type: string }[] }, index: number): UIMessageInput {
  const parts = input.parts.map((part, at) => {
    if (!("toolCallId" in part)) return part;
    const own = `${String(part.toolCallId)}-${index}-${at}`;
    const asked = "approval" in part ? { approval: { ...(part.approval as object), id: `a-${own}` } } : {};
    return { ...part, toolCallId: own, ...asked };
  });
  return { id: "", ...input, parts } as UIMessageInput;
}

/** The SDK may end with a step that has nothing in it. */
function withoutLastStep(shown: UIMessageInput): unknown {
  if (shown.role !== "assistant") return shown;
  const parts = shown.parts.filter(
    ({ type }, index) => type !== "step-start" || (shown.parts[index + 1]?.type ?? "step-start") !== "step-start",
  );
  return { ...shown, parts };
}

function withoutNotes(shown: UIMessageInput): unknown {
  const parts = shown.parts
    .filter(({ type }) => type !== "data-agentscope")
    .map((part) => {
      const entries = Object.entries(part).map(([name, value]: [string, unknown]) => {
        if (!name.endsWith("roviderMetadata")) return [name, value];
        const { agentscope: _, ...rest } = value as Record<string, unknown>;
        return [name, Object.keys(rest).length === 0 ? undefined : rest];
      });
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as { type: string };
    });
  return withoutLastStep({ ...shown, parts });
}
