import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "@agentscope-runtime/sandbox";
import { openLocalSandbox } from "@agentscope-runtime/sandbox/local";
import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { Workspace } from "@mastra/core/workspace";
import type { MastraSandbox, SandboxProcessManager, WorkspaceFilesystem } from "@mastra/core/workspace";
import { MockLanguageModelV4 } from "ai/test";
import { fromMastra, toMastraFilesystem, toMastraSandbox } from "./index.ts";

let root: string;
let ours: Sandbox & AsyncDisposable;
let sandbox: MastraSandbox;
let files: WorkspaceFilesystem;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "mastra-sandbox-")));
  ours = await openLocalSandbox({ id: "box", type: "base", root: join(root, "workspace") });
  sandbox = toMastraSandbox(ours);
  files = toMastraFilesystem(ours);
});

afterAll(async () => {
  await ours[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

function processes(): SandboxProcessManager {
  if (sandbox.processes === undefined) throw new Error("The sandbox has no processes.");
  return sandbox.processes;
}

it("runs commands with their arguments, in a directory and with an environment, and tells how they ended", async () => {
  await sandbox.writeFiles?.([{ path: "run/a.txt", content: "hi\n", mode: 0o600 }]);
  const said: string[] = [];
  const result = await sandbox.executeCommand?.("sh", ["-c", 'cat a.txt; stat -c %a a.txt; echo "$WORD" >&2; exit 3'], {
    cwd: "run",
    env: { WORD: "it's so" },
    onStdout: (text) => said.push(text),
  });
  expect(result).toMatchObject({
    stdout: "hi\n600\n",
    stderr: "it's so\n",
    exitCode: 3,
    success: false,
    killed: false,
    timedOut: false,
  });
  expect(said.join("")).toBe("hi\n600\n");
  expect(sandbox.status).toBe("running");
});

it("ends a command that takes too long, and one that nobody wants any more", async () => {
  expect(await sandbox.executeCommand?.("sleep 60", [], { timeout: 200 })).toMatchObject({
    exitCode: 124,
    timedOut: true,
  });
  const stop = new AbortController();
  const running = sandbox.executeCommand?.("echo ready; sleep 60", [], {
    abortSignal: stop.signal,
    onStdout: () => {
      stop.abort();
    },
  });
  expect(await running).toMatchObject({ stdout: "ready\n", success: false, killed: true });
});

it("says why a command could not begin", async () => {
  await expect(sandbox.executeCommand?.("true", [], { cwd: "nowhere" })).rejects.toMatchObject({ code: "not_found" });
});

it("keeps processes that go on, talks to them, and ends them", async () => {
  const echo = await processes().spawn('while read line; do echo "<$line>"; done; echo over');
  const told = Promise.withResolvers<string>();
  echo.reader.on("data", (data: Buffer) => {
    told.resolve(String(data));
  });
  await echo.sendStdin("hello\n");
  expect(await told.promise).toBe("<hello>\n");
  expect(await processes().list()).toMatchObject([{ pid: echo.pid, running: true }]);
  await echo.closeStdin();
  expect(await echo.wait()).toMatchObject({ exitCode: 0, stdout: "<hello>\nover\n" });
  await expect(echo.sendStdin("more")).rejects.toThrow("has ended");
  const forever = await processes().spawn("sleep 60", { stdinMode: "ignore" });
  await expect(forever.sendStdin("x")).rejects.toThrow("reads nothing");
  expect(await processes().kill(forever.pid)).toBe(true);
  expect(await processes().get(forever.pid)).toBeUndefined();
});

it("reads and writes files, and tells Mastra's own errors", async () => {
  await files.writeFile("notes/a.txt", "one");
  await files.appendFile("notes/a.txt", "\ntwo");
  await files.appendFile("notes/b.bin", new Uint8Array([0, 255]));
  expect(await files.readFile("notes/a.txt", { encoding: "utf-8" })).toBe("one\ntwo");
  expect(await files.readFile("notes/b.bin")).toEqual(Buffer.from([0, 255]));
  expect(await files.stat("notes/a.txt")).toMatchObject({ name: "a.txt", path: "notes/a.txt", type: "file", size: 7 });
  expect(await files.exists("notes/c.txt")).toBe(false);
  await expect(files.readFile("notes/c.txt")).rejects.toMatchObject({ name: "FileNotFoundError" });
  await expect(files.stat("notes/c.txt")).rejects.toMatchObject({ name: "FileNotFoundError" });
  await expect(files.deleteFile("notes/c.txt")).rejects.toMatchObject({ name: "FileNotFoundError" });
  await files.deleteFile("notes/c.txt", { force: true });
  await expect(files.writeFile("notes/a.txt", "", { overwrite: false })).rejects.toMatchObject({
    name: "FileExistsError",
  });
  const stale = { expectedMtime: new Date(0) };
  await expect(files.writeFile("notes/a.txt", "", stale)).rejects.toMatchObject({ name: "StaleFileError" });
  await expect(files.readFile("../secret")).rejects.toMatchObject({ code: "permission_denied" });
});

it("lists, copies, moves and removes directories", async () => {
  await files.writeFile("tree/a.txt", "a");
  await files.writeFile("tree/deep/b.md", "b");
  await files.copyFile("tree", "copy", { recursive: true });
  await expect(files.copyFile("tree", "other")).rejects.toMatchObject({ code: "invalid_argument" });
  await files.moveFile("copy/a.txt", "copy/deep/c.txt");
  const named = async (options?: Parameters<WorkspaceFilesystem["readdir"]>[1]): Promise<string[]> =>
    (await files.readdir("copy", options)).map(({ name, type }) => `${type} ${name}`);
  expect(await named()).toEqual(["directory deep"]);
  expect(await named({ recursive: true })).toEqual(["directory deep", "file deep/b.md", "file deep/c.txt"]);
  expect(await named({ recursive: true, extension: ".md" })).toEqual(["directory deep", "file deep/b.md"]);
  await expect(files.rmdir("copy")).rejects.toMatchObject({ name: "DirectoryNotEmptyError" });
  await files.rmdir("copy", { recursive: true });
  expect(await files.exists("copy")).toBe(false);
  expect(await files.exists("tree/deep/b.md")).toBe(true);
});

it("is what an agent's workspace runs its commands and keeps its files in, and outlives it", async () => {
  const calls = [
    ["mastra_workspace_write_file", { path: "work/hello.sh", content: "echo hello from $0" }],
    ["mastra_workspace_execute_command", { command: "sh work/hello.sh" }],
    ["mastra_workspace_read_file", { path: "work/hello.sh" }],
  ] as const;
  let asked = 0;
  const model = new MockLanguageModelV4({
    doStream: async () => {
      const [name, input] = calls[asked] ?? [];
      asked += 1;
      const finish = {
        type: "finish",
        usage: { inputTokens: {}, outputTokens: {} },
        finishReason: { unified: name === undefined ? "stop" : "tool-calls" },
      };
      const call = { type: "tool-call", toolCallId: `c${asked}`, toolName: name, input: JSON.stringify(input) };
      return {
        stream: ReadableStream.from([
          { type: "stream-start", warnings: [] },
          ...(name === undefined ? [] : [call]),
          finish,
        ] as never[]),
      };
    },
  });
  const workspace = new Workspace({ filesystem: files, sandbox });
  await workspace.init();
  // Mastra declares what `doGenerate` returns as a stream.
  const agent = new Agent({
    id: "coder",
    name: "coder",
    instructions: "",
    model: model as unknown as MastraModelConfig,
    workspace,
  });
  const outputs = await Array.fromAsync(fromMastra(agent.stream("go", { maxSteps: 5 })));
  const results = outputs.filter(
    (output) => typeof output !== "string" && output.type === "tool.result" && output.preliminary !== true,
  );
  expect(results).toHaveLength(3);
  expect(JSON.stringify(results[1])).toContain("hello from work/hello.sh");
  expect(JSON.stringify(results[2])).toContain("echo hello from");
  await workspace.destroy();
  expect(await ours.files.readText("work/hello.sh")).toBe("echo hello from $0");
});
