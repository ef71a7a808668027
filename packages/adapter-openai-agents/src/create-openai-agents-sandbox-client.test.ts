import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentScript, ModelTurn, PromptMessage } from "@agentscope-runtime/core/testing";
import type { Sandbox } from "@agentscope-runtime/sandbox";
import { openLocalSandbox } from "@agentscope-runtime/sandbox/local";
import { InProcessMemory } from "@agentscope-runtime/services";
import { applyDiff, Runner, RunState } from "@openai/agents";
import type { Tool } from "@openai/agents";
import { dir, file, filesystem, localFile, Manifest, memory, SandboxAgent, shell } from "@openai/agents/sandbox";
import type { SandboxClient, SandboxExecResult, SandboxSession } from "@openai/agents/sandbox";
import {
  createOpenAIAgentsMemoryStore,
  createOpenAIAgentsSandboxClient,
  fromOpenAIAgents,
  toAgentInputItems,
} from "./index.ts";
import { ScriptModel } from "./testing/script-model.ts";

let root: string;
let workspace: string;
let sandbox: Sandbox & AsyncDisposable;
/** How many have the right to use it. */
let leases = 0;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "openai-agents-sandbox-")));
  workspace = join(root, "workspace");
  sandbox = await openLocalSandbox({ id: "box", type: "base", root: workspace });
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

afterEach(() => {
  expect(leases).toBe(0);
});

/** Its type is the SDK's: the compiler says whether ours is one. */
function clientOf(signal?: AbortSignal): SandboxClient {
  return createOpenAIAgentsSandboxClient({
    connect: async () => {
      leases += 1;
      let isGiven = true;
      return {
        sandbox,
        [Symbol.asyncDispose]: async () => {
          if (isGiven) leases -= 1;
          isGiven = false;
        },
      };
    },
    Manifest,
    applyDiff,
    ...(signal && { signal }),
  });
}

async function withSession(
  use: (session: Required<SandboxSession>) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const session = await clientOf(signal).create?.();
  if (session === undefined) throw new Error("There is none.");
  try {
    await use(session as Required<SandboxSession>);
  } finally {
    await session.close?.();
  }
}

/** What the SDK is given: sandboxes of backends have the SDK's own root, this one has a folder of its own. */
function sandboxOf() {
  return { client: clientOf(), manifest: new Manifest({ root: workspace }) };
}

const runner = new Runner({ tracingDisabled: true });
const say = (text: string): ModelTurn => [{ type: "text", deltas: [text] }];
const call = (id: string, name: string, given: Record<string, unknown>): ModelTurn => [
  { type: "call", id, name, arguments: given },
];

function turns(...said: readonly ModelTurn[]): AgentScript["model"] & { readonly prompts: PromptMessage[][] } {
  const prompts: PromptMessage[][] = [];
  const model = (prompt: readonly PromptMessage[]): ModelTurn => {
    prompts.push([...prompt]);
    return said[prompts.length - 1] ?? say("There is nothing more to say.");
  };
  return Object.assign(model, { prompts });
}

const hello = toAgentInputItems([]);

describe("commands", () => {
  it("tell what they print and how they end", async () => {
    await withSession(async (session) => {
      const done = await session.exec({ cmd: 'echo out; echo err >&2; echo "$0" >/dev/null; exit 3' });
      expect(done).toMatchObject({ stdout: "out\n", stderr: "err\n", exitCode: 3 });
      expect(done.output).toContain("out\n");
      expect(await session.execCommand({ cmd: "pwd" })).toMatch(new RegExp(`code 0\nOutput:\n${workspace}\n$`));
    });
  });

  it("run in a directory, in a shell of one's choice, and are shortened", async () => {
    await withSession(async (session) => {
      await sandbox.files.mkdir("sub");
      expect(await session.exec({ cmd: "pwd", workdir: "sub", shell: "/bin/sh", login: true })).toMatchObject({
        stdout: `${workspace}/sub\n`,
      });
      const long = await session.exec({
        cmd: "printf 'a%.0s' $(seq 100); printf 'é%.0s' $(seq 100)",
        maxOutputTokens: 10,
      });
      expect(long.output).toMatch(/^a{20}\.\.\.65 tokens truncated\.\.\.é{10}$/);
      expect(long.originalTokenCount).toBe(75);
    });
  });

  /** What a command says until it has said this. */
  const saidBy = async (
    session: Required<SandboxSession>,
    begun: SandboxExecResult,
    words: RegExp,
  ): Promise<string> => {
    let text = begun.output;
    for (let tries = 0; !words.test(text) && tries < 100; tries += 1) {
      text += await session.writeStdin({ sessionId: begun.sessionId ?? 0, yieldTimeMs: 50 });
    }
    expect(text).toMatch(words);
    return text;
  };

  it("go on, are talked to, and end with Ctrl-C", async () => {
    await withSession(async (session) => {
      const cmd = "echo ready; while read line; do echo got $line; done";
      const begun = await session.exec({ cmd, tty: true, yieldTimeMs: 10 });
      await saidBy(session, begun, /ready/);
      const { sessionId = 0 } = begun;
      const output = await session.writeStdin({ sessionId, chars: "hello\n", yieldTimeMs: 10 });
      expect(output).toContain(`Process running with session ID ${sessionId}`);
      await saidBy(session, { ...begun, output }, /got hello/);
      expect(await session.writeStdin({ sessionId, chars: "\u0003" })).toContain("Process exited with code 130");
      expect(await session.writeStdin({ sessionId })).toContain("There is no session");
      const silent = await session.exec({ cmd: "sleep 60", yieldTimeMs: 10 });
      const told = await session.writeStdin({ sessionId: silent.sessionId ?? 0, chars: "hello", yieldTimeMs: 10 });
      expect(told).toContain("start it with tty=true");
    });
  });

  it("end when the session is closed, and when the run is stopped", async () => {
    const sleep = "echo pid $$.; exec sleep 60";
    const isAlive = async (pid: string): Promise<boolean> => {
      const { exitCode } = await sandbox.runShellCommand(`kill -0 ${pid}`);
      return exitCode === 0;
    };
    const pidOf = async (session: Required<SandboxSession>, begun: SandboxExecResult): Promise<string> => {
      const [, pid = ""] = /pid (\d+)\./.exec(await saidBy(session, begun, /pid \d+\./)) ?? [];
      return pid;
    };
    let closed = "";
    await withSession(async (session) => {
      closed = await pidOf(session, await session.exec({ cmd: sleep, yieldTimeMs: 10 }));
      expect(await isAlive(closed)).toBe(true);
    });
    expect(await isAlive(closed)).toBe(false);

    const controller = new AbortController();
    await withSession(async (session) => {
      const begun = await session.exec({ cmd: sleep, yieldTimeMs: 10 });
      const stopped = await pidOf(session, begun);
      const waiting = session.writeStdin({ sessionId: begun.sessionId ?? 0, yieldTimeMs: 60_000 });
      controller.abort();
      await expect(waiting).rejects.toMatchObject({ code: "canceled" });
      expect(await isAlive(stopped)).toBe(false);
    }, controller.signal);
  });

  it("are not run as somebody else", async () => {
    await withSession(async (session) => {
      await expect(session.exec({ cmd: "id", runAs: "root" })).rejects.toMatchObject({ code: "unimplemented" });
      await expect(session.pathExists("a", "root")).rejects.toMatchObject({ code: "unimplemented" });
    });
  });
});

describe("files", () => {
  it("are read, listed and found", async () => {
    await withSession(async (session) => {
      await session.materializeEntry({
        path: "f",
        entry: dir({ children: { "a.txt": file({ content: "abc" }), d: dir() } }),
      });
      expect(Buffer.from(await session.readFile({ path: "f/a.txt", maxBytes: 2 })).toString()).toBe("ab");
      expect(await session.listDir({ path: "f" })).toEqual([
        { name: "a.txt", path: "f/a.txt", type: "file" },
        { name: "d", path: "f/d", type: "dir" },
      ]);
      expect(await session.pathExists("f/a.txt")).toBe(true);
      expect(await session.pathExists("f/b.txt")).toBe(false);
      expect(await session.directoryExists("f")).toBe(true);
      expect(await session.directoryExists("f/a.txt")).toBe(false);
      await expect(session.readFile({ path: "../../etc/passwd" })).rejects.toMatchObject({ code: "permission_denied" });
    });
  });

  it("are made, changed, moved and taken away by patches", async () => {
    await withSession(async (session) => {
      const editor = session.createEditor();
      await editor.createFile({ type: "create_file", path: "p/a.txt", diff: "+one\n+two" });
      await expect(editor.createFile({ type: "create_file", path: "p/a.txt", diff: "+x" })).rejects.toMatchObject({
        code: "conflict",
      });
      await editor.updateFile({
        type: "update_file",
        path: "p/a.txt",
        diff: "@@\n one\n-two\n+three",
        moveTo: "p/b.txt",
      });
      expect(await sandbox.files.readText("p/b.txt")).toContain("one\nthree");
      expect(await session.pathExists("p/a.txt")).toBe(false);
      await editor.deleteFile({ type: "delete_file", path: "p/b.txt" });
      await expect(editor.deleteFile({ type: "delete_file", path: "p/b.txt" })).rejects.toMatchObject({
        code: "not_found",
      });
      await expect(editor.deleteFile({ type: "delete_file", path: "p" })).rejects.toMatchObject({
        code: "invalid_argument",
      });
    });
  });

  it("are shown when they are images", async () => {
    const png = Buffer.from(
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
      "base64",
    );
    await sandbox.files.write("a.png", new Uint8Array(png));
    await sandbox.files.write("a.svg", "<?xml version='1.0'?><svg/>");
    await sandbox.files.write("a.txt", "text");
    await withSession(async (session) => {
      expect(await session.viewImage({ path: "a.png" })).toEqual({
        type: "image",
        image: { data: new Uint8Array(png), mediaType: "image/png" },
      });
      expect(await session.viewImage({ path: "a.svg" })).toMatchObject({ image: { mediaType: "image/svg+xml" } });
      await expect(session.viewImage({ path: "a.txt" })).rejects.toThrow("Unsupported image format");
      await expect(session.viewImage({ path: "none.png" })).rejects.toThrow("not found");
      await expect(session.viewImage({ path: "." })).rejects.toThrow("not a file");
    });
  });
});

describe("a manifest", () => {
  it("is written, and its environment is that of the commands", async () => {
    const manifest = new Manifest({
      root: workspace,
      entries: { "m/a.txt": file({ content: "abc" }), n: dir() },
      environment: { WORD: "so" },
    });
    const session = await clientOf().create?.({ manifest });
    expect(await session?.exec?.({ cmd: 'cat m/a.txt; echo "$WORD"; test -d n' })).toMatchObject({
      stdout: "abcso\n",
      exitCode: 0,
    });
    await session?.close?.();
  });

  it.each([
    ["another root", () => new Manifest({ root: "/elsewhere" }), "invalid_argument"],
    [
      "a file of the host",
      () => new Manifest({ root: workspace, entries: { a: localFile({ src: "/etc/passwd" }) } }),
      "unimplemented",
    ],
    ["users", () => new Manifest({ root: workspace, users: [{ name: "bob" }] }), "unimplemented"],
  ])("is refused for %s, and nothing is held", async (_, manifestOf, code) => {
    await expect(clientOf().create?.({ manifest: manifestOf() })).rejects.toMatchObject({ code });
  });

  it("does not come from a snapshot", async () => {
    await expect(clientOf().create?.({ snapshot: { type: "local" } })).rejects.toMatchObject({ code: "unimplemented" });
  });
});

/** A tool that asks before it shows a file. */
function askingToRead(tool: Tool): Tool {
  if (tool.type !== "function") return tool;
  return {
    ...tool,
    needsApproval: async (_context: unknown, { cmd }: { cmd?: string }) => cmd?.startsWith("cat") === true,
  };
}

describe("a SandboxAgent of the SDK", () => {
  it("works in our sandbox with the SDK's own tools, and gives it back", async () => {
    const model = turns(
      call("c1", "exec_command", { cmd: "echo hi > made.txt; cat made.txt" }),
      call("c2", "apply_patch", { type: "update_file", path: "made.txt", diff: "@@\n-hi\n+ho" }),
      say("Done."),
    );
    const agent = new SandboxAgent({
      name: "friday",
      model: new ScriptModel({ model }),
      capabilities: [shell(), filesystem()],
    });
    const run = runner.run(agent, [...hello, { role: "user", content: "Make it." }], {
      stream: true,
      sandbox: sandboxOf(),
    });
    const outputs = await Array.fromAsync(fromOpenAIAgents(run));
    const results = outputs.flatMap((output) =>
      typeof output === "object" && output.type === "tool.result" ? [output] : [],
    );
    expect(results[0]?.output).toContain("hi");
    expect(await sandbox.files.readText("made.txt")).toContain("ho");
  });

  it("goes on in it after an approval, with another client", async () => {
    const model = turns(
      call("c1", "exec_command", { cmd: "echo first > kept.txt" }),
      call("c2", "exec_command", { cmd: "cat kept.txt" }),
      say("Done."),
    );
    const agentOf = () =>
      new SandboxAgent({
        name: "friday",
        model: new ScriptModel({ model }),
        capabilities: [shell({ configureTools: (tools) => tools.map(askingToRead) })],
      });
    const run = await runner.run(agentOf(), "Go.", { stream: true, sandbox: sandboxOf() });
    await Array.fromAsync(fromOpenAIAgents(run));
    expect(run.interruptions).toHaveLength(1);
    expect(leases).toBe(0);
    const agent = agentOf();
    const state = await RunState.fromString(agent, run.state.toString());
    for (const approval of state.getInterruptions()) state.approve(approval);
    const resumed = runner.run(agent, state, { stream: true, sandbox: sandboxOf() });
    const outputs = await Array.fromAsync(fromOpenAIAgents(resumed));
    expect(outputs).toContainEqual(
      expect.objectContaining({ type: "tool.result", callId: "c2", output: expect.stringContaining("first") }),
    );
  });

  it("reads what it has remembered about a user in another sandbox", async () => {
    await using service = new InProcessMemory();
    const store = createOpenAIAgentsMemoryStore({ memory: service, userId: "ada" });
    await store.write("memories/memory_summary.md", new TextEncoder().encode("Ada likes blue."));
    const model = turns(say("Blue."));
    const agent = new SandboxAgent({
      name: "friday",
      model: new ScriptModel({ model }),
      capabilities: [shell(), filesystem(), memory({ store, generate: false })],
    });
    const run = runner.run(agent, "What do I like?", { stream: true, sandbox: sandboxOf() });
    await Array.fromAsync(fromOpenAIAgents(run));
    expect(model.prompts[0]?.[0]?.text).toContain("Ada likes blue.");
  });
});

describe("a MemoryStore over our memory", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const read = async (store: ReturnType<typeof createOpenAIAgentsMemoryStore>, path: string) => {
    const data = await store.read(path);
    return data === null ? null : new TextDecoder().decode(data);
  };

  it("keeps the last of what was written, by path and user", async () => {
    await using service = new InProcessMemory();
    const store = createOpenAIAgentsMemoryStore({ memory: service, userId: "ada" });
    await store.write("memories/a.md", bytes("one"));
    await store.write("./memories//a.md", bytes("two"));
    await store.write("memories/b.md", bytes(""));
    await store.write("other/c.md", bytes("\n"));
    expect(await read(store, "memories/a.md")).toBe("two");
    expect(await read(store, "memories/b.md")).toBe("");
    expect(await read(store, "other/c.md")).toBe("\n");
    expect(await store.list("memories")).toEqual(["memories/a.md", "memories/b.md"]);
    expect(await store.list("")).toHaveLength(3);
    await store.delete("memories/a.md");
    expect(await read(store, "memories/a.md")).toBeNull();
    expect(await read(createOpenAIAgentsMemoryStore({ memory: service, userId: "bob" }), "other/c.md")).toBeNull();
  });

  it("lets others find what an agent has written down", async () => {
    await using service = new InProcessMemory();
    const store = createOpenAIAgentsMemoryStore({ memory: service, userId: "ada" });
    await store.write("memories/a.md", bytes("Ada likes blue."));
    expect(await service.search({ userId: "ada" }, "blue")).toMatchObject([{ text: "Ada likes blue." }]);
  });

  it("loses no path when writes race", async () => {
    await using service = new InProcessMemory();
    const store = createOpenAIAgentsMemoryStore({ memory: service, userId: "ada" });
    await Promise.all(Array.from({ length: 20 }, async (_, index) => store.write("a.md", bytes(String(index)))));
    expect(await read(store, "a.md")).toMatch(/^\d+$/);
    expect(await store.list("")).toEqual(["a.md"]);
  });
});
