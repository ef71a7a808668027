import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import type { Logger } from "../logger.ts";
import { Runner } from "../runner.ts";
import type { RunOptions } from "../runner.ts";
import type { RunnerServices } from "../run-scope.ts";
import { fromProcess } from "./from-process.ts";
import type { FromProcessOptions } from "./from-process.ts";

interface LogLine {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

class MemoryLogger implements Logger {
  readonly lines: LogLine[] = [];
  readonly debug = this.#write("debug");
  readonly info = this.#write("info");
  readonly warn = this.#write("warn");
  readonly error = this.#write("error");

  #write(level: string): Logger["info"] {
    return (fields, message) => {
      this.lines.push({ level, fields: { ...fields }, message });
    };
  }
}

interface Asked extends FromProcessOptions {
  readonly services?: RunnerServices;
  readonly run?: RunOptions;
  readonly text?: string;
}

const emit = "const emit = (output) => process.stdout.write(JSON.stringify(output) + '\\n');";

/** An agent written in JavaScript, which is the language that is there everywhere; it speaks as any other would. */
async function events(script: string, logger: Logger, asked: Asked = {}): Promise<AgentEvent[]> {
  const { services = {}, run, text = "Hi.", ...options } = asked;
  const queryHandler = fromProcess([process.execPath, "-e", emit + script], options);
  await using runner = new Runner({ queryHandler, services, logger });
  await runner.start();
  const input = [{ role: "user" as const, content: [{ type: "text" as const, text }] }];
  return await Array.fromAsync(runner.streamQuery({ input, session_id: "s", user_id: "ada" }, run));
}

async function ask(script: string, asked?: Asked): Promise<{ response: AgentResponse; log: readonly LogLine[] }> {
  const logger = new MemoryLogger();
  const last = (await events(script, logger, asked)).at(-1);
  if (last?.object !== "response") throw new Error("The stream has no end.");
  return { response: last, log: logger.lines };
}

const textOf = ({ output }: AgentResponse): string =>
  (output ?? [])
    .flatMap(({ content }) => content ?? [])
    .map((part) => (part.type === "text" ? part.text : ""))
    .join("");

/** Nothing tells of the end of a process that is not our child. */
async function expectGone(pid: number): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
  throw new Error(`The process ${pid} is still there.`);
}

/** Runs an agent until it has told the process ids of its descendants, and stops it then. */
async function stopped(
  script: string,
  options: FromProcessOptions = {},
): Promise<{ status: string; pids: readonly number[] }> {
  const controller = new AbortController();
  const queryHandler = fromProcess([process.execPath, "-e", emit + script], options);
  await using runner = new Runner({ queryHandler, stopGraceMs: 10_000 });
  await runner.start();
  let pids: readonly number[] = [];
  let status = "";
  for await (const event of runner.streamQuery({ input: [] }, { signal: controller.signal })) {
    if (event.object === "content" && event.type === "text" && event.delta === true) {
      pids = (event.text ?? "").split(" ").map(Number);
      controller.abort(new RuntimeError("canceled", "Enough."));
    }
    if (event.object === "response") status = event.status ?? "";
  }
  return { status, pids };
}

describe("an agent that is a process", () => {
  it("tells what it writes, in any pieces", async () => {
    const { response } = await ask(`
      emit("Look: ");
      process.stdout.write('\\n  \\r\\n{"type":"tool.call","callId":"c1",');
      setTimeout(() => {
        process.stdout.write('"name":"look","arguments":{"at":"日本語"}}\\r\\n');
        emit({ type: "tool.result", callId: "c1", output: "blue" });
        emit({ type: "usage", usage: { input_tokens: 1, output_tokens: 2 } });
        process.stdout.write(JSON.stringify("Blue."));
      }, 20);
    `);
    expect(response.status).toBe("completed");
    expect(response.output?.map(({ type }) => type)).toEqual([
      "message",
      "plugin_call",
      "plugin_call_output",
      "message",
    ]);
    expect(JSON.stringify(response.output)).toContain("日本語");
    expect(textOf(response)).toBe("Look: Blue.");
    expect(response.usage).toMatchObject({ input_tokens: 1, output_tokens: 2 });
  });

  it("tells each line as soon as it is written", async () => {
    const { status } = await stopped("emit(String(process.pid)); setInterval(() => undefined, 1000);");
    expect(status).toBe("canceled");
  });

  it("is given the request, the history of the session and its name, whatever the caller claims", async () => {
    await using sessions = new InProcessSessionHistory();
    const before = messageSchema.parse({ role: "user", content: [{ type: "text", text: "I am Ada." }] });
    await sessions.append({ userId: "ada", sessionId: "s" }, [before]);
    const script = `
      const request = JSON.parse(require("fs").readFileSync(0, "utf8"));
      const { history, input, session_id, user_id, agent } = request;
      emit(JSON.stringify([history.map((m) => m.content[0].text), input[0].content[0].text, session_id, user_id, agent]));
    `;
    const options = { services: { sessions }, text: "naïve \u2028 \n 日本語" };
    expect(JSON.parse(textOf((await ask(script, options)).response))).toEqual([
      ["I am Ada."],
      options.text,
      "s",
      "ada",
      "agent",
    ]);
    expect(JSON.parse(textOf((await ask(script, { ...options, historyLimit: 0 })).response))[0]).toEqual([]);
    expect(JSON.parse(textOf((await ask(script)).response))[0]).toEqual([]);
  });

  it("need not read what it is sent", async () => {
    const { response } = await ask('emit("Bye.");', { text: "x".repeat(4_000_000) });
    expect(response.status).toBe("completed");
  });

  it("runs where and with the environment that it is given", async () => {
    const cwd = await realpath(await mkdtemp(join(tmpdir(), "from-process-")));
    await writeFile(join(cwd, "hello.txt"), "hello");
    const script = 'emit(JSON.stringify([require("fs").readdirSync("."), Object.keys(process.env).sort()]));';
    const { response } = await ask(script, { cwd, env: { ONLY: "this" } });
    const [files, names] = JSON.parse(textOf(response)) as [string[], string[]];
    expect(files).toEqual(["hello.txt"]);
    expect(names.filter((name) => name !== "__CF_USER_TEXT_ENCODING")).toEqual(["ONLY"]);
    await rm(cwd, { recursive: true });
  });

  it("writes its standard error to the log, line by line, and long lines in parts", async () => {
    const { response, log } = await ask('process.stderr.write("one\\ntwo\\n" + "x".repeat(20000)); emit("Done.");');
    expect(response.status).toBe("completed");
    const lines = log.map(({ fields }) => String(fields["line"]));
    expect(lines.slice(0, 2)).toEqual(["one", "two"]);
    expect(lines.slice(2).join("")).toBe("x".repeat(20000));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(8192);
    expect(log.every(({ level }) => level === "info")).toBe(true);
  });

  it.each<[string, string, string]>([
    ["no JSON", 'console.log("password is hunter2");', "Line 2 of the agent's output is no JSON"],
    ["half of a value", "process.stdout.write('{\"type\":');", "Line 2 of the agent's output is no JSON"],
    ["bytes that are no UTF-8", "process.stdout.write(Buffer.from([0x22, 0xff, 0x22, 0x0a]));", "is no JSON"],
    [
      "a number",
      "emit(42);",
      "Line 2 of the agent's output is no AgentOutput: The agent yielded something that is not AgentOutput: number.",
    ],
    ["an unknown type", 'emit({ type: "hello" });', 'type "hello"'],
    ["a field that is missing", 'emit({ type: "tool.call", name: "look" });', "whose callId is not a string"],
    ["an error that is none", 'emit({ type: "error" });', 'type "error"'],
  ])("fails by a line that is %s, and says which", async (_, line, words) => {
    // It would go on for ever.
    const { response, log } = await ask(
      `emit("So far. "); ${line} setInterval(() => undefined, 1000);${line.includes("console") ? "" : " process.stdout.end();"}`,
    );
    expect(response).toMatchObject({ status: "failed", error: { code: "internal", details: { line: 2 } } });
    expect(response.error?.message).toContain(words);
    expect(JSON.stringify(response)).not.toContain("hunter2");
    expect(textOf(response)).toBe("So far. ");
    expect(log.filter(({ fields }) => "count" in fields)).toHaveLength(1);
  });

  it("fails by a line that is too long, as soon as it is", async () => {
    const endless = "const more = () => process.stdout.write('x'.repeat(1000), more); more();";
    const { response } = await ask(endless, { maxLineBytes: 10_000 });
    expect(response.error).toMatchObject({ code: "internal", message: expect.stringContaining("Line 1") });
    expect(response.error?.message).toContain("10000 bytes");
  });

  it("fails as it says itself", async () => {
    const { response } = await ask(
      'emit("No: "); emit({ type: "error", code: "invalid_argument", message: "Say something." }); setInterval(() => undefined, 1000);',
    );
    expect(response).toMatchObject({
      status: "failed",
      error: { code: "invalid_argument", message: "Say something." },
    });
    expect(textOf(response)).toBe("No: ");
  });

  it("fails by an exit code, a signal, and a program that is not there", async () => {
    expect((await ask('emit("Half"); process.exitCode = 3;')).response).toMatchObject({
      status: "failed",
      error: { code: "internal", message: "The agent's process ended with the exit code 3.", details: { exitCode: 3 } },
    });
    expect((await ask('process.kill(process.pid, "SIGKILL");')).response.error).toMatchObject({
      details: { signal: "SIGKILL" },
    });
    await using runner = new Runner({ queryHandler: fromProcess(["/no/such/program"]) });
    await runner.start();
    expect(await runner.query({ input: [] })).toMatchObject({ status: "failed", error: { code: "unavailable" } });
    await using elsewhere = new Runner({ queryHandler: fromProcess([process.execPath], { cwd: "/no/such/place" }) });
    await elsewhere.start();
    expect(await elsewhere.query({ input: [] })).toMatchObject({ status: "failed", error: { code: "unavailable" } });
  });

  const child =
    'const child = require("child_process").spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"], OPTIONS);';
  const untilKilled = "setInterval(() => undefined, 1000);";

  it("is stopped with all that it has started, and the run ends after it", async () => {
    const own = child.replace("OPTIONS", '{ stdio: "inherit" }');
    const { status, pids } = await stopped(`${own} emit(process.pid + " " + child.pid); ${untilKilled}`);
    expect(status).toBe("canceled");
    const [pid = 0, childPid = 0] = pids;
    // The run has waited for this one.
    expect(() => process.kill(pid, 0)).toThrow(expect.objectContaining({ code: "ESRCH" }));
    await expectGone(childPid);
  });

  it("is killed when it does not want to end", async () => {
    const { status, pids } = await stopped(
      `process.on("SIGTERM", () => undefined); emit(String(process.pid)); ${untilKilled}`,
      {
        killGraceMs: 100,
      },
    );
    expect(status).toBe("canceled");
    expect(() => process.kill(pids[0] ?? 0, 0)).toThrow(expect.objectContaining({ code: "ESRCH" }));
  });

  it("may tidy up when it is asked to end", async () => {
    const logger = new MemoryLogger();
    const controller = new AbortController();
    const script = `process.on("SIGTERM", () => { console.error("tidy"); process.exit(0); }); emit("ready"); ${untilKilled}`;
    const queryHandler = fromProcess([process.execPath, "-e", emit + script]);
    await using runner = new Runner({ queryHandler, logger });
    await runner.start();
    for await (const event of runner.streamQuery({ input: [] }, { signal: controller.signal })) {
      if (event.object === "content") controller.abort(new RuntimeError("canceled", "Enough."));
    }
    expect(logger.lines.map(({ fields }) => fields["line"])).toContain("tidy");
  });

  it("is stopped when the loop is left", async () => {
    await using runner = new Runner({
      queryHandler: fromProcess([process.execPath, "-e", `${emit} emit(String(process.pid)); ${untilKilled}`]),
    });
    await runner.start();
    let pid = 0;
    for await (const event of runner.streamQuery({ input: [] })) {
      if (event.object !== "content" || event.type !== "text") continue;
      pid = Number(event.text);
      break;
    }
    await expectGone(pid);
  });

  it("is not begun for a run that has been stopped", async () => {
    await using runner = new Runner({ queryHandler: fromProcess(["/no/such/program"]) });
    await runner.start();
    const signal = AbortSignal.abort(new RuntimeError("canceled", "Enough."));
    expect((await runner.query({ input: [] }, { signal })).status).toBe("canceled");
  });

  it("leaves nothing behind when it ends, and is not held up by what has left its group", async () => {
    const own = child.replace("OPTIONS", '{ stdio: "inherit" }');
    const left = await ask(`${own} child.unref(); emit(String(child.pid));`);
    expect(left.response.status).toBe("completed");
    await expectGone(Number(textOf(left.response)));
    const away = child.replace("OPTIONS", '{ stdio: "inherit", detached: true }');
    const { response } = await ask(`${away} child.unref(); emit(String(child.pid));`);
    expect(response.status).toBe("completed");
    process.kill(Number(textOf(response)), "SIGKILL");
  });

  it("waits while nobody reads, and loses nothing of much", async () => {
    const script =
      "for (let i = 0; i < 20000; i += 1) emit({ type: 'text.delta', delta: i + ' ' + 'x'.repeat(100) + '\\n' });";
    const { response } = await ask(script);
    const lines = textOf(response).trimEnd().split("\n");
    expect(lines).toHaveLength(20_000);
    expect(lines.at(-1)).toBe(`19999 ${"x".repeat(100)}`);
  });
});
