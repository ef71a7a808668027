import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse } from "@agentscope-runtime/protocol";
import { InProcessMemory, InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";
import { incompleteFor } from "./incomplete-for.ts";
import type { Logger } from "./logger.ts";
import type { Observer } from "./observer.ts";
import { Runner } from "./runner.ts";
import type { QueryHandler, RunnerOptions } from "./runner.ts";

const hello = { input: [{ role: "user" as const, content: [{ type: "text" as const, text: "hello" }] }] };

async function started(queryHandler: QueryHandler, options: Partial<RunnerOptions> = {}): Promise<Runner> {
  const runner = new Runner({ queryHandler, ...options });
  await runner.start();
  return runner;
}

async function answer(queryHandler: QueryHandler, options?: Partial<RunnerOptions>): Promise<AgentResponse> {
  await using runner = await started(queryHandler, options);
  return await runner.query(hello);
}

function textOf({ output }: AgentResponse): string {
  return (output ?? [])
    .flatMap(({ content }) => content ?? [])
    .map((content) => (content.type === "text" ? content.text : ""))
    .join("|");
}

function recordingLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (_fields: object, message: string): void => void lines.push(message);
  return { logger: { debug: write, info: write, warn: write, error: write }, lines };
}

/** Answers to nothing, least of all to its signal. */
const deaf: QueryHandler = () => ({
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
});

describe("Runner", () => {
  it.each<[string, QueryHandler]>([
    [
      "an async generator",
      async function* () {
        yield "a";
        yield "b";
      },
    ],
    [
      "a generator",
      function* () {
        yield "a";
        yield "b";
      },
    ],
    ["a promise of an iterable", async () => ["a", "b"]],
    ["a promise of a string", async () => "ab"],
    ["a string", () => "ab"],
    ["one output", () => ({ type: "text.delta", delta: "ab" })],
  ])("takes %s for an answer", async (_kind, handler) => {
    const response = await answer(handler);
    expect(response).toMatchObject({ status: "completed", error: null });
    expect(textOf(response)).toBe("ab");
  });

  it("takes nothing for an empty answer", async () => {
    expect(await answer(() => undefined)).toMatchObject({ status: "completed", output: [] });
  });

  it("hands the request over with what the caller left out filled in, and with the caller's own fields", async () => {
    const response = await answer((request) =>
      JSON.stringify([request["mood"], request.session_id !== null, request.user_id === request.session_id]),
    );
    expect(textOf(response)).toBe("[null,true,true]");
    await using runner = await started((request) => String(request["mood"]));
    expect(textOf(await runner.query({ ...hello, mood: "good" }))).toBe("good");
  });

  it("answers with the id and the session that the caller chose", async () => {
    await using runner = await started(() => "x");
    expect(await runner.query({ ...hello, id: "my-run", session_id: "my-session" })).toMatchObject({
      id: "my-run",
      session_id: "my-session",
    });
  });

  it("throws what is wrong with a request before the first event", async () => {
    await using runner = await started(() => "x");
    const events = runner.streamQuery({ input: [{ content: [{ type: "smell" as "text" }] }] });
    await expect(events.next()).rejects.toMatchObject({
      code: "invalid_argument",
      message: /input\.0\.content\.0\.type/,
    });
  });

  it("tells a caller nothing of an unknown error, and the log everything", async () => {
    const { logger, lines } = recordingLogger();
    const response = await answer(
      async function* () {
        yield "so far";
        throw new Error("password is hunter2");
      },
      { logger },
    );
    expect(response).toMatchObject({ status: "failed", error: { code: "internal", message: "Internal error." } });
    expect(JSON.stringify(response)).not.toContain("hunter2");
    expect(textOf(response)).toBe("so far");
    expect(lines).toEqual(["The agent failed."]);
  });

  it("tells a caller a RuntimeError as it is", async () => {
    const response = await answer(() => {
      throw new RuntimeError("permission_denied", "Not yours.", { details: { field: "file" } });
    });
    expect(response.error).toEqual({ code: "permission_denied", message: "Not yours.", details: { field: "file" } });
  });

  it("fails when the agent yields rubbish, and keeps what came before", async () => {
    const response = await answer(() => ["fine", { type: "rubbish" } as unknown as string]);
    expect(response).toMatchObject({ status: "failed", error: { message: expect.stringContaining('type "rubbish"') } });
    expect(textOf(response)).toBe("fine");
  });

  it("ends a run that takes too long as incomplete, also when the agent never yields", async () => {
    expect(await answer(deaf, { budget: { wall_time: 20 }, stopGraceMs: 20 })).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "wall_time" },
    });
  });

  it("stops the agent when the signal aborts, and ends canceled", async () => {
    const stop = new AbortController();
    let told = false;
    await using runner = await started(async function* (_request, { signal }) {
      yield "one";
      stop.abort();
      told = signal.aborted;
      yield "two";
    });
    const response = await runner.query(hello, { signal: stop.signal });
    expect(told).toBe(true);
    expect(response.status).toBe("canceled");
    expect(textOf(response)).toBe("one");
  });

  it("ends canceled without the agent when it ignores its signal longer than the grace", async () => {
    const { logger, lines } = recordingLogger();
    await using runner = await started(deaf, { logger, stopGraceMs: 20 });
    const response = await runner.query(hello, { signal: AbortSignal.timeout(20) });
    expect(response.status).toBe("canceled");
    expect(lines).toEqual([expect.stringContaining("ignored its signal")]);
  });

  it("waits for the agent's clean-up within the grace", async () => {
    const stop = new AbortController();
    let cleaned = false;
    await using runner = await started(async function* () {
      try {
        yield "one";
        stop.abort();
        yield "two";
      } finally {
        await new Promise(setImmediate);
        cleaned = true;
      }
    });
    await runner.query(hello, { signal: stop.signal });
    expect(cleaned).toBe(true);
  });

  it("ends the agent's generator, and aborts its signal, when the caller leaves the loop", async () => {
    let ended = false;
    let signal: AbortSignal | undefined;
    await using runner = await started(async function* (_request, context) {
      ({ signal } = context);
      try {
        for (;;) yield "again";
      } finally {
        ended = true;
      }
    });
    for await (const event of runner.streamQuery(hello)) if (event.object === "content") break;
    expect(ended).toBe(true);
    expect(signal?.aborted).toBe(true);
  });

  it("aborts the agent's signal when it failed, so that what it started stops too", async () => {
    let signal: AbortSignal | undefined;
    await answer((_request, context) => {
      ({ signal } = context);
      throw new Error("no");
    });
    expect(signal?.aborted).toBe(true);
    await answer((_request, context) => {
      ({ signal } = context);
      return "fine";
    });
    expect(signal?.aborted).toBe(false);
  });

  it("ends incomplete with the budget's name when the agent has spent one", async () => {
    const response = await answer(() => {
      throw incompleteFor("tokens");
    });
    expect(response).toMatchObject({ status: "incomplete", incomplete_details: { reason: "tokens" } });
  });

  it("takes nothing before its start and after its stop", async () => {
    const runner = new Runner({ queryHandler: () => "x" });
    await expect(runner.query(hello)).rejects.toMatchObject({ code: "unavailable" });
    await runner.start();
    await runner.stop();
    await expect(runner.query(hello)).rejects.toMatchObject({ code: "unavailable" });
  });

  it("runs the init and shutdown handlers once each", async () => {
    const calls: string[] = [];
    const runner = new Runner({
      queryHandler: () => "x",
      initHandler: async () => void calls.push("init"),
      shutdownHandler: () => void calls.push("shutdown"),
    });
    await runner.start();
    await runner.start();
    await runner.stop();
    await runner.stop();
    expect(calls).toEqual(["init", "shutdown"]);
  });

  it("writes each run into its session, and shows the agent what was there before", async () => {
    await using sessions = new InProcessSessionHistory();
    await using runner = await started(
      async function* (_request, { session }) {
        const { items } = await session.history();
        yield `${items.length} before`;
      },
      { services: { sessions } },
    );
    const request = { ...hello, session_id: "s", user_id: "u" };
    expect(textOf(await runner.query(request))).toBe("0 before");
    expect(textOf(await runner.query(request))).toBe("2 before");
    const { items } = await sessions.read({ userId: "u", sessionId: "s" });
    expect(items.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
  });

  it("keeps the question and the half answer of a run that failed", async () => {
    await using sessions = new InProcessSessionHistory();
    await using runner = await started(
      async function* () {
        yield "half";
        throw new Error("no");
      },
      { services: { sessions } },
    );
    await runner.query({ ...hello, session_id: "s", user_id: "u" });
    const { items } = await sessions.read({ userId: "u", sessionId: "s" });
    expect(items.map(({ status }) => status)).toEqual(["created", "incomplete"]);
  });

  it("fails a run whose words cannot be kept", async () => {
    const sessions = new InProcessSessionHistory();
    await sessions[Symbol.asyncDispose]();
    expect(await answer(() => "x", { services: { sessions }, patienceMs: 0 })).toMatchObject({
      status: "failed",
      error: { code: "unavailable" },
    });
  });

  it("gives the agent its own state and the user's memory", async () => {
    await using state = new InProcessState();
    await using memory = new InProcessMemory();
    await using runner = await started(
      async function* (_request, context) {
        const before = await context.state.load();
        await context.state.save({ runs: (before?.version ?? 0) + 1 });
        await context.memory.add([{ text: "likes green tea" }]);
        const found = await context.memory.search("tea");
        yield JSON.stringify([before?.state ?? null, found.length]);
      },
      { services: { state, memory } },
    );
    const request = { ...hello, session_id: "s" };
    expect(textOf(await runner.query(request))).toBe("[null,1]");
    expect(textOf(await runner.query(request))).toBe('[{"runs":1},2]');
  });

  it("says which service is missing, and how to give it", async () => {
    const response = await answer(async function* (_request, { session }) {
      yield String((await session.history()).items.length);
    });
    expect(response.error).toMatchObject({
      code: "unimplemented",
      message: expect.stringContaining("services.sessions"),
    });
  });

  it("tells the observer the run, its events and its end, and runs the agent inside of it", async () => {
    const seen: unknown[] = [];
    let inside = false;
    const observer: Observer = {
      runStarted: ({ agent, traceparent }) => {
        seen.push([agent, traceparent]);
        return {
          within: (work) => {
            inside = true;
            try {
              return work();
            } finally {
              inside = false;
            }
          },
          event: ({ sequence_number }) => void seen.push(sequence_number),
          ended: ({ status }) => void seen.push(status),
        };
      },
    };
    await using runner = await started(() => String(inside), { observer });
    const response = await runner.query(hello, { agent: "ada", traceparent: "00-1-2-01" });
    expect(textOf(response)).toBe("true");
    expect(seen).toEqual([["ada", "00-1-2-01"], 0, 1, 2, 3, 4, 5, 6, "completed"]);
  });

  it("runs many at once without mixing them up", async () => {
    await using runner = await started(async function* ({ id }) {
      for (let index = 0; index < 5; index += 1) {
        await new Promise(setImmediate);
        yield `${id} `;
      }
    });
    const responses = await Promise.all(["a", "b", "c"].map(async (id) => runner.query({ ...hello, id })));
    expect(responses.map(textOf)).toEqual(["a a a a a ", "b b b b b ", "c c c c c "]);
  });

  it("hands itself to a deployer", async () => {
    await using runner = await started(() => "x");
    const target = { deploy: (given: Runner, options: { name: string }) => [given === runner, options.name] };
    expect(await runner.deploy(target, { name: "n" })).toEqual([true, "n"]);
  });

  it("yields events of the wire's three kinds only, the last of them a response", async () => {
    await using runner = await started(() => "x");
    const events: AgentEvent[] = await Array.fromAsync(runner.streamQuery(hello));
    expect(events.map(({ object }) => object)).toEqual([
      "response",
      "response",
      "message",
      "content",
      "content",
      "message",
      "response",
    ]);
  });
});
