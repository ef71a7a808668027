import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { eventually } from "@agentscope-runtime/services/testing";
import { AgentApp } from "../agent-app.ts";
import type { AgentAppOptions } from "../agent-app.ts";
import type { AgentOutput } from "../agent-output.ts";
import { apiKeys } from "../authenticate.ts";
import type { Gateway } from "../gateway.ts";
import type { QueryHandler } from "../runner.ts";

export interface GatewayQuestion {
  /** Where the app listens, without a path. */
  readonly url: string;
  /** The one message of the user. */
  readonly text: string;
  /** False asks for one whole answer. Default true. */
  readonly stream?: boolean;
  /** Who asks, where the app wants to know: goes into `Authorization: Bearer`. */
  readonly apiKey?: string;
  /** Hangs up when it aborts. */
  readonly signal?: AbortSignal;
}

export interface GatewayAnswer {
  /** The text in the pieces in which it came. Throws when the protocol says that the run has failed, and when the caller hung up. */
  readonly pieces: AsyncIterable<string>;
  /** Stops the run over the protocol, where it can, and resolves when that is acknowledged. */
  readonly cancel?: () => Promise<void>;
}

export interface GatewaySubject {
  readonly gateway: () => Gateway;
  /** Opens a port of its own for a started app, and closes app and port when disposed: `serve` with `port: 0`. */
  readonly serve: (app: AgentApp) => Promise<{ readonly url: string } & AsyncDisposable>;
  /**
   * Asks as the protocol's own client does. Rejects when the question is refused; the error, whatever it is, has the HTTP
   * status as `status`.
   */
  readonly ask: (question: GatewayQuestion) => Promise<GatewayAnswer>;
  /** Promises that this protocol cannot keep, by name, each with the reason that a reader should know. */
  readonly skip?: Readonly<Record<string, string>>;
}

type Served = { readonly url: string } & AsyncDisposable;
type Open = (query: QueryHandler, options?: Partial<AgentAppOptions>) => Promise<Served>;
type Promised = (subject: GatewaySubject, open: Open) => Promise<void>;

const keys = apiKeys({ "ada-key": { userId: "ada" }, "bob-key": { userId: "bob" } });
const mib = 1024 * 1024;
const awkward = 'naïve «quotes» "and" \\slashes\\ 日本語 👩🏽‍🚀 \u2028 e\u0301\n\nevent: x\ndata: [DONE]\n';

const echo: QueryHandler = ({ input }) => {
  const part = input.at(-1)?.content?.at(-1);
  return part?.type === "text" ? (part.text ?? "") : "";
};

/** Says a word and then waits until it is stopped; `stopped` resolves then. */
function waitingAgent(): { readonly query: QueryHandler; readonly stopped: Promise<unknown> } {
  const stopped = Promise.withResolvers<unknown>();
  return {
    stopped: stopped.promise,
    query: async function* (_request, { signal }) {
      yield "waiting";
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          resolve();
        });
      });
      stopped.resolve(signal.reason);
    },
  };
}

async function whole({ pieces }: GatewayAnswer): Promise<string> {
  return (await Array.fromAsync(pieces)).join("");
}

async function refusal(asked: Promise<GatewayAnswer>): Promise<Error & { status?: unknown }> {
  try {
    await whole(await asked);
  } catch (thrown) {
    return thrown as Error; // Of another realm, perhaps.
  }
  throw new Error("The question was not refused.");
}

/** Something of every kind that an agent may yield, around two words. */
const everything: readonly AgentOutput[] = [
  { type: "reasoning.delta", delta: "thinking" },
  "be",
  { type: "content", content: { type: "image", image_url: "data:image/png;base64,iVBORw0KGgo=" } },
  { type: "content", content: { type: "file", file_url: "https://example.com/a.pdf", filename: "a.pdf" } },
  { type: "content", content: { type: "audio", data: "UklGRg==", format: "wav" } },
  { type: "content", content: { type: "video", video_url: "https://example.com/a.mp4" } },
  { type: "content", content: { type: "data", data: { any: ["thing"] } } },
  { type: "tool.call", callId: "1", name: "look", arguments: { at: "sky" } },
  { type: "tool.result", callId: "1", output: "blue" },
  { type: "tool.call", callId: "2", name: "fail", arguments: "not JSON" },
  { type: "tool.result", callId: "2", output: { no: "way" }, isError: true },
  { type: "tool.call", callId: "3", name: "remote", arguments: {}, kind: "mcp", serverLabel: "far" },
  { type: "tool.result", callId: "3", output: "" },
  { type: "tool.call", callId: "4", name: "unanswered", arguments: {} },
  { type: "message", message: { type: "component_call", content: [{ type: "data", data: { call_id: "5" } }] } },
  { type: "usage", usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } },
  "fore",
];

const promises: Readonly<Record<string, Promised>> = {
  "answers in pieces, each as soon as the agent says it": async ({ ask }, open) => {
    const gate = Promise.withResolvers<undefined>();
    await using app = await open(async function* () {
      yield "one ";
      await gate.promise;
      yield "two";
    });
    const { pieces } = await ask({ url: app.url, text: "hi" });
    const reader = pieces[Symbol.asyncIterator]();
    expect((await reader.next()).value).toBe("one ");
    gate.resolve(undefined);
    expect((await reader.next()).value).toBe("two");
    expect((await reader.next()).done).toBe(true);
  },

  "answers in one piece when it is asked to": async ({ ask }, open) => {
    await using app = await open(() => ["one ", "two"]);
    const answer = await ask({ url: app.url, text: "hi", stream: false });
    expect(await Array.fromAsync(answer.pieces)).toEqual(["one two"]);
  },

  "hands on every character as it is, both ways": async ({ ask }, open) => {
    await using app = await open(echo);
    expect(await whole(await ask({ url: app.url, text: awkward }))).toBe(awkward);
    expect(await whole(await ask({ url: app.url, text: awkward, stream: false }))).toBe(awkward);
  },

  "takes an input of 10 MB": async ({ ask }, open) => {
    const text = "0123456789".repeat(mib);
    await using app = await open((request, context) => String((echo(request, context) as string).length), {
      limits: { maxBodyBytes: 16 * mib },
    });
    expect(await whole(await ask({ url: app.url, text }))).toBe(String(10 * mib));
  },

  "refuses an input that is larger than the app allows, and goes on": async ({ ask }, open) => {
    await using app = await open(echo, { limits: { maxBodyBytes: 64 * 1024 } });
    const refused = await refusal(ask({ url: app.url, text: "x".repeat(mib) }));
    expect(refused.status).toBe(413);
    expect(await whole(await ask({ url: app.url, text: "still there" }))).toBe("still there");
  },

  "tells a failure before anything was said, and nothing of an unknown error": async ({ ask }, open) => {
    await using app = await open(() => {
      throw new Error("password is hunter2");
    });
    for (const stream of [true, false]) {
      const failure = await refusal(ask({ url: app.url, text: "hi", stream }));
      expect(`${failure.message} ${JSON.stringify(failure)}`).not.toContain("hunter2");
    }
  },

  "tells a failure in the middle, after what was said before it": async ({ ask }, open) => {
    await using app = await open(function* () {
      yield "half ";
      throw new RuntimeError("unavailable", "The model is down.");
    });
    const { pieces } = await ask({ url: app.url, text: "hi" });
    const said: string[] = [];
    const reading = (async () => {
      for await (const piece of pieces) said.push(piece);
    })();
    await expect(reading).rejects.toThrow();
    expect(said.join("")).toBe("half ");
  },

  "refuses with its own error when there is no room, and goes on": async ({ ask }, open) => {
    const { query, stopped } = waitingAgent();
    await using app = await open(query, { limits: { maxConcurrentRuns: 1 } });
    const leaving = new AbortController();
    const first = await ask({ url: app.url, text: "hi", signal: leaving.signal });
    const reader = first.pieces[Symbol.asyncIterator]();
    await reader.next();
    expect((await refusal(ask({ url: app.url, text: "hi" }))).status).toBe(429);
    leaving.abort();
    await reader.next().catch(() => undefined);
    await stopped;
  },

  "stops the agent when the caller hangs up": async ({ ask }, open) => {
    const { query, stopped } = waitingAgent();
    await using app = await open(query);
    const leaving = new AbortController();
    const { pieces } = await ask({ url: app.url, text: "hi", signal: leaving.signal });
    const reader = pieces[Symbol.asyncIterator]();
    expect((await reader.next()).value).toBe("waiting");
    leaving.abort();
    await reader.next().catch(() => undefined);
    expect(await stopped).toMatchObject({ code: "canceled" });
  },

  "cancels a run over the protocol": async ({ ask }, open) => {
    const { query, stopped } = waitingAgent();
    await using app = await open(query, { onDisconnect: "continue" });
    const { pieces, cancel } = await ask({ url: app.url, text: "hi" });
    if (cancel === undefined) throw new Error("Skip this promise when the protocol cannot cancel.");
    const reader = pieces[Symbol.asyncIterator]();
    expect((await reader.next()).value).toBe("waiting");
    await cancel();
    expect(await stopped).toMatchObject({ code: "canceled" });
    await reader.next().catch(() => undefined); // Whether a canceled answer just ends or throws is up to the protocol.
  },

  "asks who it is, and tells the agent": async ({ ask }, open) => {
    await using app = await open((_request, { identity }) => identity.userId, { authenticate: keys });
    expect((await refusal(ask({ url: app.url, text: "hi" }))).status).toBe(401);
    expect((await refusal(ask({ url: app.url, text: "hi", apiKey: "wrong" }))).status).toBe(401);
    for (const user of ["ada", "bob"]) {
      expect(await whole(await ask({ url: app.url, text: "hi", apiKey: `${user}-key` }))).toBe(user);
    }
  },

  "gives a slow reader everything, in order": async ({ ask }, open) => {
    const count = 2_000;
    await using app = await open(function* () {
      for (let piece = 0; piece < count; piece += 1) yield `${piece}`.padEnd(5_000, ".");
    });
    let text = "";
    let seen = 0;
    for await (const piece of (await ask({ url: app.url, text: "hi" })).pieces) {
      text += piece;
      if (seen++ % 200 === 0) await sleep(20); // What makes it slow.
    }
    expect(text).toHaveLength(count * 5_000);
    expect(text.match(/\d+/g)?.map(Number)).toEqual(Array.from({ length: count }, (_, piece) => piece));
  },

  "tells what it can of everything an agent may say, and breaks at nothing": async ({ ask }, open) => {
    await using app = await open(() => everything);
    for (const stream of [true, false]) {
      const text = await whole(await ask({ url: app.url, text: "hi", stream }));
      expect(text.replaceAll(/\s/g, "")).toContain("be");
      expect(text.replaceAll(/\s/g, "")).toContain("fore");
    }
  },

  "answers many at once, each its own": async ({ ask }, open) => {
    await using app = await open(echo);
    const texts = Array.from({ length: 50 }, (_, index) => `question ${index}`);
    expect(await Promise.all(texts.map(async (text) => whole(await ask({ url: app.url, text }))))).toEqual(texts);
  },

  "leaves nothing behind when it is closed in the middle of an answer": async ({ ask }, open) => {
    const { query, stopped } = waitingAgent();
    const app = await open(query);
    const { pieces } = await ask({ url: app.url, text: "hi" });
    const reader = pieces[Symbol.asyncIterator]();
    await reader.next();
    const reading = eventually(async () => (await reader.next()).done === true || undefined).catch(() => undefined);
    await app[Symbol.asyncDispose]();
    await reading;
    expect(await stopped).toBeDefined();
  },
};

const timeoutMs = 30_000;

/** Registers one test per promise that every gateway keeps. Needs the globals of Jest, or of Vitest. */
export function describeGateway(name: string, subject: GatewaySubject): void {
  const { skip = {} } = subject;
  for (const promise of Object.keys(skip)) {
    if (!Object.hasOwn(promises, promise)) throw new Error(`${name} leaves out what nobody promised: ${promise}`);
  }
  const open: Open = async (query, options) => {
    const app = new AgentApp({ query, gateways: [subject.gateway()], stopGraceMs: 50, ...options });
    return subject.serve(app);
  };
  describe(name, () => {
    for (const [promise, check] of Object.entries(promises)) {
      // What a protocol cannot do at all is no test that was skipped.
      if (!Object.hasOwn(skip, promise)) it(promise, async () => check(subject, open), timeoutMs);
    }
  });
}
