import { messageSchema } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse, ContentInput, Message, MessageInput } from "@agentscope-runtime/protocol";
import {
  InProcessLeases,
  InProcessMemory,
  InProcessRunLog,
  InProcessSessionHistory,
  InProcessState,
  InProcessTopic,
} from "@agentscope-runtime/services";
import { AgentApp } from "../agent-app.ts";
import type { QueryHandler } from "../runner.ts";
import type { AgentScript, ModelTurn, PromptMessage, ScriptServices, ScriptTool } from "./agent-script.ts";
import { callHandler, eventsOf, jsonOf } from "./call-handler.ts";

export interface AdapterSubject {
  /**
   * An agent of the framework, with the framework's own stand-in for a model, which says what the script says, and behind a query
   * handler as a user would write it. Called anew for each process, so nothing but `services` outlives one.
   */
  readonly agent: (script: AgentScript, services: ScriptServices) => QueryHandler;
  /** Our messages as the framework's own, and back. */
  readonly roundTrip: (messages: readonly Message[]) => readonly Message[] | Promise<readonly Message[]>;
  /** Promises that this framework cannot keep, by name, each with the reason that a reader should know. */
  readonly skip?: Readonly<Record<string, string>>;
}

type Promised = (subject: AdapterSubject) => Promise<void>;

/** One process after another, on services that outlive them. */
interface Deployment extends AsyncDisposable {
  /** Replaces the process, as a restart does. */
  restart(): Promise<void>;
  post(path: string, body?: object): Promise<unknown>;
  start(input: Input, more?: object): Promise<AsyncGenerator<AgentEvent>>;
  ask(input: Input, more?: object): Promise<AgentResponse>;
}

type Input = string | readonly MessageInput[];

const say = (...deltas: string[]): ModelTurn => [{ type: "text", deltas }];
const call = (id: string, name: string, toolArguments: Record<string, unknown> = {}): ModelTurn[number] => ({
  type: "call",
  id,
  name,
  arguments: toolArguments,
});
const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const awkward = 'naïve «quotes» "and" \\slashes\\ 日本語 👩🏽‍🚀 \u2028 e\u0301\n';

/** A model that says these turns one after another, and then nothing. */
function turns(...said: readonly ModelTurn[]): AgentScript["model"] & { readonly prompts: PromptMessage[][] } {
  const prompts: PromptMessage[][] = [];
  const model = (prompt: readonly PromptMessage[]): ModelTurn => {
    prompts.push([...prompt]);
    return said[prompts.length - 1] ?? say("There is nothing more to say.");
  };
  return Object.assign(model, { prompts });
}

function tool(name: string, run: ScriptTool["run"], needsApproval = false): ScriptTool {
  return { name, description: `Does ${name}.`, needsApproval, run };
}

const answering =
  (text: string): ScriptTool["run"] =>
  async () => ({ content: [{ type: "text", text }], isError: false });

async function deploy(subject: AdapterSubject, script: AgentScript): Promise<Deployment> {
  const kept = {
    sessions: new InProcessSessionHistory(),
    memory: new InProcessMemory(),
    state: new InProcessState(),
    runLog: new InProcessRunLog(),
    topic: new InProcessTopic(),
    leases: new InProcessLeases(),
  };
  const begin = async (): Promise<AgentApp> => {
    const app = new AgentApp({ query: subject.agent(script, kept), services: kept, stopGraceMs: 2000 });
    await app.start();
    return app;
  };
  let app = await begin();
  const start: Deployment["start"] = async (input, more = {}) => {
    const messages = typeof input === "string" ? [{ role: "user", content: [{ type: "text", text: input }] }] : input;
    const body = { user_id: "ada", session_id: "s", input: messages, ...more };
    return eventsOf(await callHandler(app.handle, { path: "/process", body }));
  };
  return {
    start,
    restart: async () => {
      await app[Symbol.asyncDispose]();
      app = await begin();
    },
    post: async (path, body = {}) => jsonOf(await callHandler(app.handle, { path, body })),
    ask: async (input, more) => {
      const last = (await Array.fromAsync(await start(input, more))).at(-1);
      if (last?.object !== "response") throw new Error("The stream has no end.");
      return last;
    },
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      for (const service of Object.values(kept)) await service[Symbol.asyncDispose]();
    },
  };
}

const typesOf = ({ output }: AgentResponse): readonly string[] => (output ?? []).map(({ type }) => type);

/** The text of all messages of a type, one string each. */
function textsOf({ output }: AgentResponse, type: Message["type"] = "message"): readonly string[] {
  const messages = (output ?? []).filter((message) => message.type === type);
  return messages.map(({ content }) =>
    (content ?? []).map((part) => (part.type === "text" ? (part.text ?? "") : "")).join(""),
  );
}

/** What a message of a call or an output carries. */
function dataOf({ output }: AgentResponse, type: Message["type"]): readonly Record<string, unknown>[] {
  const messages = (output ?? []).filter((message) => message.type === type);
  return messages.flatMap(({ content }) =>
    (content ?? []).flatMap((part) => (part.type === "data" && part.data !== null ? [part.data] : [])),
  );
}

/** The deltas of a kind, as they came. */
function deltasOf(events: readonly AgentEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.object === "content" && event.type === "text" && event.delta === true ? [event.text ?? ""] : [],
  );
}

const lastUserText = (prompt: readonly PromptMessage[]): string =>
  prompt.findLast(({ role }) => role === "user")?.text ?? "";

const promises: Readonly<Record<string, Promised>> = {
  "answers in the pieces that the model says, every character as it is": async (subject) => {
    const model = turns(say("Hel", "lo ", awkward));
    await using app = await deploy(subject, { model });
    const events = await Array.fromAsync(await app.start(awkward));
    expect(deltasOf(events)).toEqual(["Hel", "lo ", awkward]);
    expect(events.at(-1)).toMatchObject({ object: "response", status: "completed" });
    expect(lastUserText(model.prompts[0] ?? [])).toBe(awkward);
  },

  "tells each piece as soon as the model says it": async (subject) => {
    await using app = await deploy(subject, { model: turns([...say("first"), { type: "wait" }]) });
    for await (const event of await app.start("hi", { id: "r1" })) {
      if (event.object === "content" && event.type === "text" && event.text === "first") break;
    }
    expect(await app.post("/runs/r1/cancel")).toMatchObject({ status: "canceled" });
  },

  "keeps what the model thinks apart from what it says": async (subject) => {
    const thought: ModelTurn = [
      { type: "reasoning", deltas: ["Let me ", "see."] },
      { type: "text", deltas: ["It is so."] },
    ];
    await using app = await deploy(subject, { model: turns(thought) });
    const response = await app.ask("Is it?");
    expect(typesOf(response)).toEqual(["reasoning", "message"]);
    expect(textsOf(response, "reasoning")).toEqual(["Let me see."]);
    expect(textsOf(response)).toEqual(["It is so."]);
  },

  "runs a tool, tells its call and its result, and goes on with that": async (subject) => {
    const seen: unknown[] = [];
    const look = tool("look", async (toolArguments) => {
      seen.push(toolArguments);
      return { content: [{ type: "text", text: `blue ${awkward}` }], isError: false };
    });
    const model = turns([...say("Looking."), call("c1", "look", { at: awkward })], say("It is blue."));
    await using app = await deploy(subject, { model, tools: [look] });
    const response = await app.ask("What colour is the sky?");
    expect(typesOf(response)).toEqual(["message", "plugin_call", "plugin_call_output", "message"]);
    const [told] = dataOf(response, "plugin_call");
    expect(told).toMatchObject({ name: "look" });
    expect(JSON.parse(String(told?.["arguments"]))).toEqual({ at: awkward });
    expect(dataOf(response, "plugin_call_output")).toMatchObject([{ call_id: told?.["call_id"] }]);
    expect(JSON.stringify(dataOf(response, "plugin_call_output"))).toContain("blue ");
    expect(textsOf(response)).toEqual(["Looking.", "It is blue."]);
    expect(seen).toEqual([{ at: awkward }]);
    expect(model.prompts[1]?.at(-1)).toMatchObject({ role: "tool" });
    expect(model.prompts[1]?.at(-1)?.text).toContain("blue ");
  },

  "streams a call's arguments as the model writes them": async (subject) => {
    const at = "the sky ".repeat(100);
    const whole = JSON.stringify({ at });
    const pieces = [whole.slice(0, 300), whole.slice(300, 600), whole.slice(600)];
    const model = turns([{ type: "call", id: "c1", name: "look", arguments: { at }, pieces }], say("Blue."));
    await using app = await deploy(subject, { model, tools: [tool("look", answering("blue"))] });
    const events = await Array.fromAsync(await app.start("What colour?"));
    const written = events.flatMap((event) =>
      event.object === "content" && event.type === "data" ? [event.data?.["arguments"]] : [],
    );
    const partial = written.filter((text) => typeof text === "string" && text !== "" && text !== whole);
    expect(partial).not.toEqual([]);
    for (const text of partial) expect(whole.startsWith(String(text))).toBe(true);
  },

  "runs the calls of one turn, and answers each": async (subject) => {
    const calls = ["a", "b", "c"].map((of) => call(`call-${of}`, "echo", { of }));
    const echo = tool("echo", async ({ of }) => ({
      content: [{ type: "text", text: `echo ${String(of)}` }],
      isError: false,
    }));
    const model = turns(calls, say("All three."));
    await using app = await deploy(subject, { model, tools: [echo] });
    const response = await app.ask("Go.");
    const outputs = new Map(dataOf(response, "plugin_call_output").map((data) => [data["call_id"], data["output"]]));
    for (const told of dataOf(response, "plugin_call")) {
      const { of } = JSON.parse(String(told["arguments"])) as { of: string }; // Our own.
      expect(JSON.stringify(outputs.get(told["call_id"]))).toContain(`echo ${of}`);
    }
    expect(outputs.size).toBe(3);
    expect(textsOf(response)).toEqual(["All three."]);
    expect(model.prompts).toHaveLength(2);
  },

  "tells a failure of a tool as one, to the client and to the model": async (subject) => {
    const fail = tool("fail", async () => ({ content: [{ type: "text", text: "The well is dry." }], isError: true }));
    const model = turns([call("c1", "fail")], say("I could not."));
    await using app = await deploy(subject, { model, tools: [fail] });
    const response = await app.ask("Fetch water.");
    expect(response.status).toBe("completed");
    expect(dataOf(response, "plugin_call_output")).toMatchObject([{ is_error: true }]);
    expect(JSON.stringify(dataOf(response, "plugin_call_output"))).toContain("The well is dry.");
    expect(model.prompts[1]?.at(-1)?.text).toContain("The well is dry.");
  },

  "hands an image of a tool on as an image, to the model and to the client": async (subject) => {
    const draw = tool("draw", async () => ({
      content: [
        { type: "text", text: "Here." },
        { type: "image", data: onePixel, mediaType: "image/png" },
      ],
      isError: false,
    }));
    const model = turns([call("c1", "draw")], say("Nice."));
    await using app = await deploy(subject, { model, tools: [draw] });
    const response = await app.ask("Draw.");
    expect(model.prompts[1]?.flatMap(({ files }) => files)).toEqual(["image/png"]);
    expect(JSON.stringify(dataOf(response, "plugin_call_output"))).toContain(onePixel.slice(0, 40));
  },

  "shows the model an image of the user's": async (subject) => {
    const model = turns(say("A pixel."));
    await using app = await deploy(subject, { model });
    const content: ContentInput[] = [
      { type: "text", text: "What is this?" },
      { type: "image", image_url: `data:image/png;base64,${onePixel}` },
    ];
    await app.ask([{ role: "user", content }]);
    expect(model.prompts[0]?.at(-1)).toEqual({ role: "user", text: "What is this?", files: ["image/png"] });
  },

  "gives the client what the model has made": async (subject) => {
    const made: ModelTurn = [...say("Look:"), { type: "file", mediaType: "image/png", data: onePixel }];
    await using app = await deploy(subject, { model: turns(made) });
    const { output } = await app.ask("Paint.");
    const parts = (output ?? []).flatMap(({ content }) => content ?? []);
    expect(parts).toContainEqual(
      expect.objectContaining({ type: "image", image_url: `data:image/png;base64,${onePixel}` }),
    );
  },

  "tells a failure of the model after what was said before it, and nothing of an unknown error": async (subject) => {
    const broken: ModelTurn = [...say("Half of"), { type: "fail", message: "password is hunter2" }];
    await using app = await deploy(subject, { model: () => broken });
    const events = await Array.fromAsync(await app.start("hi"));
    expect(events.at(-1)).toMatchObject({ object: "response", status: "failed" });
    expect(deltasOf(events)).toEqual(["Half of"]);
    expect(JSON.stringify(events)).not.toContain("hunter2");
    expect((await app.ask("Again.", { session_id: "other" })).status).toBe("failed");
  },

  "says that an answer has been cut off at the model's limit": async (subject) => {
    const cut: ModelTurn = [...say("And so"), { type: "stop", reason: "max_tokens" }];
    await using app = await deploy(subject, { model: turns(cut) });
    const response = await app.ask("Tell me everything.");
    expect(response).toMatchObject({ status: "incomplete" });
    expect(JSON.stringify(response)).toContain("max_tokens");
    expect(textsOf(response)).toEqual(["And so"]);
  },

  "adds up what the calls of the model have spent": async (subject) => {
    const model = turns([call("c1", "look")], [call("c2", "look")], say("Done."));
    await using app = await deploy(subject, { model, tools: [tool("look", answering("blue"))] });
    const { usage } = await app.ask("Look twice.");
    expect(usage).toMatchObject({ input_tokens: 30, output_tokens: 15, total_tokens: 45 });
  },

  "stops the model when the run is canceled": async (subject) => {
    const stopped = Promise.withResolvers<undefined>();
    const script: AgentScript = {
      model: () => [...say("Well, "), { type: "wait" }],
      onModelStopped: () => {
        stopped.resolve(undefined);
      },
    };
    await using app = await deploy(subject, script);
    const reader = await app.start("hi", { id: "r1" });
    for await (const event of reader) if (event.object === "content") break;
    expect(await app.post("/runs/r1/cancel")).toMatchObject({ status: "canceled" });
    await stopped.promise;
  },

  "stops a tool when the run is canceled, and asks the model no more": async (subject) => {
    const running = Promise.withResolvers<undefined>();
    const stopped = Promise.withResolvers<unknown>();
    const model = turns([call("c1", "wait")], say("I should not be asked."));
    const wait = tool("wait", async (_arguments, { signal }) => {
      running.resolve(undefined);
      await new Promise<void>((resolve) => {
        signal?.addEventListener("abort", () => {
          resolve();
        });
      });
      stopped.resolve(signal?.reason);
      throw new Error("I was stopped.");
    });
    await using app = await deploy(subject, { model, tools: [wait] });
    const reading = Array.fromAsync(await app.start("hi", { id: "r1", on_disconnect: "continue" }));
    await running.promise;
    expect(await app.post("/runs/r1/cancel")).toMatchObject({ status: "canceled" });
    expect(await stopped.promise).toBeDefined();
    expect((await reading).at(-1)).toMatchObject({ status: "canceled" });
    expect(model.prompts).toHaveLength(1);
  },

  "asks the model no more when the run was canceled between a tool and the next call": async (subject) => {
    const model = turns([call("c1", "look")], say("I should not be asked."));
    let cancel: () => Promise<unknown> = async () => undefined;
    const look = tool("look", async (_arguments, { signal }) => {
      const aborted = new Promise((resolve) => signal?.addEventListener("abort", resolve));
      void cancel();
      await aborted;
      return { content: [{ type: "text", text: "blue" }], isError: false };
    });
    await using app = await deploy(subject, { model, tools: [look] });
    cancel = async () => app.post("/runs/r1/cancel");
    const events = await Array.fromAsync(await app.start("hi", { id: "r1" }));
    expect(events.at(-1)).toMatchObject({ status: "canceled" });
    expect(model.prompts).toHaveLength(1);
  },

  "remembers the conversation, also after a restart": async (subject) => {
    const model = turns([call("c1", "look")], say("It is blue."), say("I said blue."));
    await using app = await deploy(subject, { model, tools: [tool("look", answering("blue"))] });
    await app.ask("What colour is the sky?");
    await app.restart();
    await app.ask("What did you say?");
    const prompt = (model.prompts[2] ?? []).filter(({ role }) => role !== "system");
    expect(prompt.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "assistant", "user"]);
    expect(prompt.map(({ text }) => text)).toEqual([
      "What colour is the sky?",
      expect.any(String),
      expect.stringContaining("blue"),
      "It is blue.",
      "What did you say?",
    ]);
  },

  "keeps sessions and users apart": async (subject) => {
    const model = turns(say("One."), say("Two."), say("Three."));
    await using app = await deploy(subject, { model });
    await app.ask("I am Ada.");
    await app.ask("Who am I?", { user_id: "bob" });
    await app.ask("Who am I?", { session_id: "another" });
    for (const prompt of model.prompts.slice(1)) expect(JSON.stringify(prompt)).not.toContain("Ada");
  },

  "goes on after an approval that comes when the process is another one, and runs the tool once": async (subject) => {
    const paid: unknown[] = [];
    const pay = tool(
      "pay",
      async (toolArguments) => {
        paid.push(toolArguments);
        return { content: [{ type: "text", text: "paid" }], isError: false };
      },
      true,
    );
    const model = turns([call("c1", "pay", { to: "bob", amount: 7 })], say("It is paid."));
    await using app = await deploy(subject, { model, tools: [pay] });
    const asked = await app.ask("Pay bob.", { id: "r1" });
    const [question] = dataOf(asked, "mcp_approval_request");
    expect(question).toMatchObject({ name: "pay" });
    expect(JSON.parse(String(question?.["arguments"]))).toEqual({ to: "bob", amount: 7 });
    expect(paid).toEqual([]);
    await app.restart();
    const path = `/runs/r1/approvals/${String(question?.["id"])}`;
    const answers = await Promise.all([1, 2].map(() => app.post(path, { approve: true, stream: false })));
    for (const response of answers as AgentResponse[]) {
      expect(response.status).toBe("completed");
      expect(textsOf(response)).toEqual(["It is paid."]);
      expect(JSON.stringify(dataOf(response, "plugin_call_output"))).toContain("paid");
    }
    expect(paid).toEqual([{ to: "bob", amount: 7 }]);
    expect(model.prompts).toHaveLength(2);
  },

  "does not run a call that a person has refused, and tells the model": async (subject) => {
    const pay = tool("pay", () => Promise.reject(new Error("This must not run.")), true);
    const model = turns([call("c1", "pay", { to: "bob" })], say("I did not pay."));
    await using app = await deploy(subject, { model, tools: [pay] });
    const [question] = dataOf(await app.ask("Pay bob.", { id: "r1" }), "mcp_approval_request");
    const path = `/runs/r1/approvals/${String(question?.["id"])}`;
    const response = (await app.post(path, { approve: false, reason: "Too dear.", stream: false })) as AgentResponse;
    expect(response.status).toBe("completed");
    expect(textsOf(response)).toEqual(["I did not pay."]);
    expect(JSON.stringify(response)).not.toContain("must not run");
    expect(model.prompts).toHaveLength(2);
  },

  "tells what another agent says that the work is handed to": async (subject) => {
    const helper = { name: "poet", model: turns(say("Roses are red.")) };
    await using app = await deploy(subject, { model: turns([call("c1", "poet")], say("There.")), helper });
    const response = await app.ask("A poem, please.");
    expect(response.status).toBe("completed");
    expect(JSON.stringify(response.output)).toContain("Roses are red.");
  },

  "serves 100 sessions at once without mixing them": async (subject) => {
    const model = (prompt: readonly PromptMessage[]): ModelTurn => {
      const text = lastUserText(prompt);
      const last = prompt.at(-1);
      return last?.role === "tool" ? say(`${text} got `, last.text) : [call(`c-${text}`, "echo", { text })];
    };
    const echo = tool("echo", async ({ text }) => ({
      content: [{ type: "text", text: `<${String(text)}>` }],
      isError: false,
    }));
    await using app = await deploy(subject, { model, tools: [echo] });
    const sessions = Array.from({ length: 100 }, (_, index) => `session-${index}`);
    const responses = await Promise.all(sessions.map((text) => app.ask(text, { session_id: text, user_id: text })));
    for (const [index, response] of responses.entries()) {
      const own = `session-${index}`;
      expect(textsOf(response).join("")).toContain(`<${own}>`);
      expect(
        JSON.stringify(response.output)
          .match(/session-\d+/g)
          ?.every((name) => name === own),
      ).toBe(true);
    }
  },
};

const user = (...content: ContentInput[]): MessageInput => ({ role: "user", content });
const assistant = (...content: ContentInput[]): MessageInput => ({ role: "assistant", content });
const pixelUrl = `data:image/png;base64,${onePixel}`;

function pair(kind: "function" | "plugin" | "mcp", output: string, more: object = {}): readonly MessageInput[] {
  const data = { call_id: "c1", name: "look", arguments: '{"at":"the sky"}' };
  return [
    user({ type: "text", text: "Look." }),
    { type: `${kind}_call`, role: "assistant", content: [{ type: "data", data }] },
    {
      type: `${kind}_call_output`,
      role: "tool",
      content: [{ type: "data", data: { call_id: "c1", output, ...more } }],
    },
  ];
}

/** What has to come back as it went, by what it is called in `skip`. */
const kinds: Readonly<Record<string, readonly MessageInput[]>> = {
  text: [user({ type: "text", text: awkward }), assistant({ type: "text", text: awkward })],
  "several texts": [user({ type: "text", text: "one" }, { type: "text", text: "two" })],
  "a system message": [
    { role: "system", content: [{ type: "text", text: "Be brief." }] },
    user({ type: "text", text: "hi" }),
  ],
  reasoning: [
    user({ type: "text", text: "Why?" }),
    { type: "reasoning", role: "assistant", content: [{ type: "text", text: "Because." }] },
    assistant({ type: "text", text: "So." }),
  ],
  "an image by URL": [user({ type: "image", image_url: "https://example.com/a.png" })],
  "an image as data": [user({ type: "text", text: "This?" }, { type: "image", image_url: pixelUrl })],
  "an image of the assistant's": [
    user({ type: "text", text: "Paint." }),
    assistant({ type: "image", image_url: pixelUrl }),
  ],
  "audio as data": [user({ type: "audio", data: "UklGRg==", format: "wav" })],
  "a video by URL": [user({ type: "video", video_url: "https://example.com/a.mp4" })],
  "a file by URL": [user({ type: "file", file_url: "https://example.com/a.pdf", filename: "a.pdf" })],
  "a file as data": [user({ type: "file", file_data: "data:application/pdf;base64,JVBERg==", filename: "a.pdf" })],
  "a file by id": [user({ type: "file", file_id: "file-1" })],
  data: [user({ type: "data", data: { any: ["thing", { at: 1 }] } })],
  "a refusal": [user({ type: "text", text: "No?" }), assistant({ type: "refusal", refusal: "I will not." })],
  "a call and its output": pair("plugin", "blue"),
  "a call that failed": pair("plugin", "There is no sky.", { is_error: true }),
  "a call of an MCP server": pair("mcp", "blue"),
  "a call that the client runs": pair("function", "blue"),
  metadata: [{ ...user({ type: "text", text: "hi" }), metadata: { source: "phone", at: { floor: 2 } } }],
};

/** What of a message is its own: without numbers, states and places. */
function essence({ id, type, role, content, metadata }: Message): unknown {
  const parts = (content ?? []).map((part) =>
    Object.fromEntries(
      Object.entries(part).filter(
        ([name, value]) => value !== null && !["object", "status", "index", "delta", "msg_id"].includes(name),
      ),
    ),
  );
  return { id, type, role, content: parts, metadata };
}

const timeoutMs = 30_000;

/**
 * What it means to bring a framework's agents to the runtime: one test per promise, and one per kind of message for the way there
 * and back. Needs the globals of Jest, or of Vitest.
 */
export function describeAdapter(name: string, subject: AdapterSubject): void {
  const { skip = {} } = subject;
  const there = (kind: string): string => `carries ${kind} there and back`;
  const known = new Set([...Object.keys(promises), ...Object.keys(kinds).map(there)]);
  for (const promise of Object.keys(skip)) {
    if (!known.has(promise)) throw new Error(`${name} leaves out what nobody promised: ${promise}`);
  }
  describe(name, () => {
    for (const [promise, check] of Object.entries(promises)) {
      // What a framework cannot do at all is no test that was skipped.
      if (!Object.hasOwn(skip, promise)) it(promise, async () => check(subject), timeoutMs);
    }
    for (const [kind, inputs] of Object.entries(kinds)) {
      if (Object.hasOwn(skip, there(kind))) continue;
      it(there(kind), async () => {
        const messages = inputs.map((input) => messageSchema.parse(input));
        expect((await subject.roundTrip(messages)).map(essence)).toEqual(messages.map(essence));
      });
    }
  });
}
