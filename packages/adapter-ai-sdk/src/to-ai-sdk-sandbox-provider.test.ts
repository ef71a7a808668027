import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describeWithBubblewrap } from "@agentscope-runtime-tooling/testing";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { baseSandboxType, SandboxManager } from "@agentscope-runtime/sandbox";
import type { OwnedSandbox, SandboxBackend } from "@agentscope-runtime/sandbox";
import { openBubblewrapBackend } from "@agentscope-runtime/sandbox-embedded";
import { InProcessLeases, InProcessState, InProcessTopic } from "@agentscope-runtime/services";
import { eventually } from "@agentscope-runtime/services/testing";
import type { HarnessV1, HarnessV1SandboxProvider, HarnessV1Session } from "@ai-sdk/harness";
import { HarnessAgent, prepareHarnessSandboxTemplate } from "@ai-sdk/harness/agent";
import { tool } from "ai";
import { z } from "zod";
import { fromAiSdk, toAiSdkSandboxProvider } from "./index.ts";

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const finishReason = { unified: "stop" as const, raw: undefined };

/** A coding agent whose prompts are command lines, and which says what they print. A word after `call` is a tool of the host's. */
function shellHarness(): HarnessV1 {
  const state = { harnessId: "shell", specificationVersion: "harness-v1" as const, data: {} };
  return {
    specificationVersion: "harness-v1",
    harnessId: "shell",
    builtinTools: {},
    getBootstrap: async () => ({
      harnessId: "shell",
      bootstrapDir: ".shell",
      files: [{ path: ".shell/greeting", content: "at your service" }],
      commands: [{ command: "echo once >> installed" }],
    }),
    doStart: async ({ sessionId, sandboxSession, sessionWorkDir, resumeFrom }): Promise<HarnessV1Session> => ({
      sessionId,
      isResume: resumeFrom !== undefined,
      doPromptTurn: async ({ prompt, emit, abortSignal }) => {
        const answered = Promise.withResolvers<string>();
        const turn = async (): Promise<void> => {
          emit({ type: "stream-start" });
          const line = typeof prompt === "string" ? prompt : JSON.stringify(prompt);
          const [, toolName] = /^call (\w+)$/.exec(line) ?? [];
          let said = "";
          if (toolName === undefined) {
            const signal = abortSignal && { abortSignal };
            const ran = await sandboxSession.run({ command: line, workingDirectory: sessionWorkDir, ...signal });
            said = ran.stdout + ran.stderr;
          } else {
            const input = '{"path":".shell/installed"}';
            emit({ type: "tool-call", toolCallId: "c1", toolName, input });
            const result = await answered.promise;
            emit({ type: "tool-result", toolCallId: "c1", toolName, result });
            said = "done";
            emit({ type: "finish-step", finishReason: { unified: "tool-calls", raw: undefined }, usage });
          }
          emit({ type: "text-start", id: "t1" });
          emit({ type: "text-delta", id: "t1", delta: said });
          emit({ type: "text-end", id: "t1" });
          emit({ type: "finish-step", finishReason, usage });
          emit({ type: "finish", finishReason, totalUsage: usage });
        };
        return {
          done: turn(),
          submitToolResult: async ({ output }) => {
            answered.resolve(String(output));
          },
        };
      },
      doCompact: async () => undefined,
      doContinueTurn: async () => Promise.reject(new Error("It continues nothing.")),
      doSuspendTurn: async () => ({ type: "continue-turn", ...state }),
      doDetach: async () => ({ type: "resume-session", ...state }),
      doStop: async () => ({ type: "resume-session", ...state }),
      doDestroy: async () => undefined,
    }),
  };
}

/** Boxes of bubblewrap are their process's own: here managers share them as they do those of an engine. */
function attachable(backend: SandboxBackend): SandboxBackend {
  const made = new Map<string, OwnedSandbox>();
  return {
    name: backend.name,
    abilities: async () => {
      const abilities = await backend.abilities();
      return { ...abilities, missing: abilities.missing.filter((name) => name !== "attach") };
    },
    create: async (...given) => {
      const sandbox = await backend.create(...given);
      made.set(sandbox.id, sandbox);
      return sandbox;
    },
    attach: async (id) => {
      const sandbox = made.get(id);
      if (sandbox === undefined) throw new RuntimeError("not_found", `There is no sandbox ${id}.`);
      return sandbox;
    },
    list: async () => backend.list(),
    deleteSnapshot: async (id) => backend.deleteSnapshot(id),
    [Symbol.asyncDispose]: async () => backend[Symbol.asyncDispose](),
  };
}

describeWithBubblewrap("toAiSdkSandboxProvider", () => {
  let directory: string;
  let backend: SandboxBackend;
  let sandboxes: SandboxManager;
  const services = { state: new InProcessState(), leases: new InProcessLeases(), topic: new InProcessTopic() };

  const managing = async () => SandboxManager.open({ backend, types: [baseSandboxType], services });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "ai-sdk-harness-"));
    backend = attachable(await openBubblewrapBackend({ directory, python: "/usr/bin/python3" }));
    sandboxes = await managing();
  });

  afterAll(async () => {
    await sandboxes[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
    for (const service of Object.values(services)) await service[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const providing = (ports: readonly number[] = []) => toAiSdkSandboxProvider(sandboxes, { userId: "ada", ports });
  const idsNow = async (): Promise<readonly string[]> => (await backend.list()).map(({ id }) => id);

  it("runs a harness in the session's own sandbox, set up once, and its tools see files and commands of it", async () => {
    await using provider = providing();
    const sandbox: HarnessV1SandboxProvider = provider; // The compiler says whether it is one.
    const seen: object[] = [];
    const peek = tool({
      inputSchema: z.object({ path: z.string() }),
      execute: async ({ path }, { experimental_sandbox: box }) => {
        seen.push(box ?? {});
        return box?.readTextFile({ path });
      },
    });
    // The package brings a release of the SDK of its own, whose types of tools are others.
    const tools = { peek } as unknown as Record<string, never>;
    const agent = new HarnessAgent({ harness: shellHarness(), sandbox, tools });
    const session = await agent.createSession({ sessionId: "whole" });
    const prompt = "pwd; cat ../.shell/greeting; echo kept > a.txt";
    expect((await agent.generate({ session, prompt })).text).toBe("/workspace/shell-whole\nat your service");
    const output = await Array.fromAsync(fromAiSdk(await agent.stream({ session, prompt: "call peek" })));
    expect(output).toContainEqual(expect.objectContaining({ type: "tool.result", output: "once\n" }));
    expect(Object.keys(seen[0] ?? {})).not.toContain("stop");
    await using lease = await sandboxes.connect({ userId: "ada", sessionId: "whole" });
    expect(await lease.sandbox.files.readText("shell-whole/a.txt")).toBe("kept\n");
    await session.destroy();
  });

  it("goes on in the same sandbox after a stop and after a detach, with another manager too, until it is destroyed", async () => {
    await using here = providing();
    await using otherManager = await managing();
    await using elsewhere = toAiSdkSandboxProvider(otherManager, { userId: "ada" });
    const agentOf = (sandbox: HarnessV1SandboxProvider) => new HarnessAgent({ harness: shellHarness(), sandbox });
    const first = await agentOf(here).createSession({ sessionId: "long" });
    await agentOf(here).generate({ session: first, prompt: "echo one >> log" });
    const stopped = await first.stop();
    const second = await agentOf(elsewhere).createSession({ sessionId: "long", resumeFrom: stopped });
    await agentOf(elsewhere).generate({ session: second, prompt: "echo two >> log" });
    const detached = await second.detach();
    const third = await agentOf(elsewhere).createSession({ sessionId: "long", resumeFrom: detached });
    const { text: log } = await agentOf(elsewhere).generate({
      session: third,
      prompt: "cat log ../.shell/installed",
    });
    expect(log).toBe("one\ntwo\nonce\n");
    const { id } = await here.resumeSession({ sessionId: "long" });
    await here[Symbol.asyncDispose]();
    expect(await idsNow()).toContain(id);
    await third.destroy();
    expect(await idsNow()).not.toContain(id);
    await expect(agentOf(elsewhere).createSession({ sessionId: "long", resumeFrom: detached })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("create a new session") as string,
    });
  });

  it("sets a session up again where that has failed, and once for each way to set it up", async () => {
    await using provider = providing();
    const told: string[] = [];
    const creating = (identity: string, failure?: Error) =>
      provider.createSession({
        sessionId: "setup",
        identity,
        onFirstCreate: async (session) => {
          told.push(identity);
          await session.writeTextFile({ path: "setup", content: identity });
          if (failure !== undefined) throw failure;
        },
      });
    await expect(creating("a", new Error("no room"))).rejects.toThrow("no room");
    await expect(provider.resumeSession({ sessionId: "setup" })).rejects.toMatchObject({ code: "not_found" });
    await creating("a");
    await creating("a");
    const session = await creating("b");
    expect(told).toEqual(["a", "a", "b"]);
    await session.destroy();
    await session.destroy();
  });

  it("stops what runs when it is stopped, and says so of every call afterwards", async () => {
    await using provider = providing([4000]);
    const session = await provider.createSession({ sessionId: "stopping" });
    const endless = await session.spawn({ command: "echo ready; sleep 600" });
    const reader = endless.stdout.getReader();
    await reader.read();
    const restricted = session.restricted();
    await session.stop();
    await session.stop();
    const over = { code: "not_found", message: expect.stringContaining("resume") as string };
    await expect(endless.wait()).rejects.toMatchObject(over);
    await expect(restricted.run({ command: "true" })).rejects.toMatchObject(over);
    await expect(restricted.readTextFile({ path: "a" })).rejects.toMatchObject(over);
    await expect(session.getPortUrl({ port: 4000 })).rejects.toMatchObject(over);
    const again = await provider.resumeSession({ sessionId: "stopping" });
    expect((await again.run({ command: "pgrep -x sleep || echo none" })).stdout).toBe("none\n");
    await again.destroy();
  });

  it("lets the commands of a detached session go on, and stops them with the session that took over", async () => {
    await using provider = providing();
    const former = await provider.createSession({ sessionId: "over" });
    const endless = await former.spawn({ command: "cat", stdin: true });
    const session = await provider.resumeSession({ sessionId: "over" });
    await former.stop();
    await endless.stdin.getWriter().write(Buffer.from("on"));
    const { value } = await endless.stdout.getReader().read();
    expect(Buffer.from(value ?? []).toString()).toBe("on");
    await session.stop();
    await expect(endless.wait()).rejects.toMatchObject({ code: "not_found" });
    await (await provider.resumeSession({ sessionId: "over" })).destroy();
  });

  it("leads to the ports that were named, both ways, until they are no more", async () => {
    await using provider = providing([4000]);
    const session = await provider.createSession({ sessionId: "ports" });
    const early = await session.getPortEndpoint({ port: 4000, protocol: "ws" });
    expect(early.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
    const server = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=4000, bind='127.0.0.1')";
    await session.writeTextFile({ path: "page.txt", content: "hello" });
    await session.spawn({ command: `python3 -c "${server}"` });
    const url = await session.getPortUrl({ port: 4000 });
    expect(url).toBe(early.url.replace("ws:", "http:"));
    const response = await eventually(() => fetch(`${url}/page.txt`).catch(() => undefined));
    expect(await response.text()).toBe("hello");
    await expect(session.getPortEndpoint({ port: 4001 })).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("setPorts") as string,
    });
    await expect(session.getPortUrl({ port: 4000, protocol: "https" })).rejects.toMatchObject({
      code: "unimplemented",
    });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const ended = text(socket).catch(() => "");
    await session.setPorts([4001]);
    expect(session.ports).toEqual([4001]);
    expect(await ended).toBe("");
    await expect(fetch(url)).rejects.toThrow("fetch failed");
    await session.destroy();
  });

  it("says of a sandbox without ports that it has none", async () => {
    await using provider = toAiSdkSandboxProvider(
      {
        connect: async (...given) => {
          const lease = await sandboxes.connect(...given);
          const { id, type, files } = lease.sandbox;
          const sandbox = {
            id,
            type,
            files,
            exec: lease.sandbox.exec.bind(lease.sandbox),
            runShellCommand: lease.sandbox.runShellCommand.bind(lease.sandbox),
            connect: async (port: number) => Promise.reject(new RuntimeError("unimplemented", `No port ${port}.`)),
          };
          return { sandbox, [Symbol.asyncDispose]: async () => lease[Symbol.asyncDispose]() };
        },
        release: async (key) => sandboxes.release(key),
      },
      { userId: "ada", ports: [4000] },
    );
    const session = await provider.createSession();
    await expect(session.getPortEndpoint({ port: 4000 })).rejects.toMatchObject({ code: "unimplemented" });
    await session.stop();
  });

  it("refuses a policy of the network that it could not keep", async () => {
    await using provider = providing();
    const session = await provider.createSession();
    await expect(session.setNetworkPolicy({ mode: "deny-all" })).rejects.toMatchObject({
      code: "unimplemented",
      message: expect.stringContaining("egress") as string,
    });
    expect(session).not.toHaveProperty("addRequestTransformations");
    await session.stop();
  });

  it("ends a sandbox that nobody could resume when it is stopped, such as that of a template", async () => {
    await using provider = providing();
    const before = await idsNow();
    await prepareHarnessSandboxTemplate({ harness: shellHarness(), sandboxProvider: provider });
    expect(await idsNow()).toEqual(before);
  });

  it("begins nothing that was aborted, and stops a command that is", async () => {
    await using provider = providing();
    const aborted = AbortSignal.abort(new Error("enough"));
    await expect(provider.createSession({ abortSignal: aborted })).rejects.toThrow("enough");
    await expect(provider.resumeSession({ sessionId: "aborted", abortSignal: aborted })).rejects.toThrow("enough");
    const stop = new AbortController();
    const session = await provider.createSession({ sessionId: "aborted" });
    const running = session.run({ command: "sleep 600", abortSignal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    await session.destroy();
  });

  it("gives nothing more once it is disposed, and has stopped what was detached", async () => {
    const provider = providing();
    const session = await provider.createSession({ sessionId: "disposed" });
    const endless = await session.spawn({ command: "sleep 600" });
    await provider[Symbol.asyncDispose]();
    await expect(endless.wait()).rejects.toMatchObject({ code: "not_found" });
    await expect(provider.createSession()).rejects.toMatchObject({ code: "unavailable" });
    await session.destroy();
  });
});
