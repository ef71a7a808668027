import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "@agentscope-runtime/sandbox";
import { openLocalSandbox } from "@agentscope-runtime/sandbox/local";
import { HumanMessage } from "@langchain/core/messages";
import { BaseSandbox, createDeepAgent } from "deepagents";
import type { SandboxBackendProtocolV2 } from "deepagents";
import { ScriptModel } from "./testing/script-model.ts";
import { toDeepAgentsSandbox } from "./to-deep-agents-sandbox.ts";

let root: string;
let workspace: string;
let sandbox: Sandbox & AsyncDisposable;
/** Its type is the framework's: the compiler says whether ours is one. */
let backend: SandboxBackendProtocolV2 & ReturnType<typeof toDeepAgentsSandbox<object>>;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "deep-agents-")));
  workspace = join(root, "workspace");
  sandbox = await openLocalSandbox({ id: "box", type: "base", root: workspace });
  backend = toDeepAgentsSandbox(BaseSandbox, sandbox);
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const textOf = (content: string | Uint8Array | undefined): string =>
  typeof content === "string" ? content : new TextDecoder().decode(content);

it("runs commands and tells output and errors in order, and how they ended", async () => {
  expect(await backend.execute("echo one; echo two >&2; exit 3")).toEqual({
    output: expect.stringMatching(/one\n[^]*two\n|two\n[^]*one\n/),
    exitCode: 3,
    truncated: false,
  });
  const quick = toDeepAgentsSandbox(BaseSandbox, sandbox, { timeoutMs: 200 });
  const stopped = await quick.execute("sleep 60");
  expect(stopped.output).toContain("timeout");
  expect(stopped.exitCode).not.toBe(0);
});

it("moves files in and out, and says which it could not", async () => {
  const bytes = new Uint8Array([0, 255, 10]);
  expect(
    await backend.uploadFiles([
      ["a/b.bin", bytes],
      ["../out.txt", bytes],
    ]),
  ).toEqual([
    { path: "a/b.bin", error: null },
    { path: "../out.txt", error: "permission_denied" },
  ]);
  const [good, missing, directory] = await backend.downloadFiles(["a/b.bin", "none", "a"]);
  expect([...(good?.content ?? [])]).toEqual([...bytes]);
  expect(missing).toEqual({ path: "none", content: null, error: "file_not_found" });
  expect(directory).toEqual({ path: "a", content: null, error: "is_directory" });
});

it("has the files that deepagents' own tools work with", async () => {
  const path = join(workspace, "notes.txt");
  expect((await backend.write(path, "one\ntwo\n")).error).toBeUndefined();
  expect(textOf((await backend.read(path)).content)).toContain("two");
  expect((await backend.edit(path, "two", "three")).error).toBeUndefined();
  expect((await backend.grep("three", workspace)).matches).toMatchObject([{ line: 2 }]);
  expect((await backend.ls(workspace)).files?.map(({ path: own }) => own)).toContain(path);
  expect(new TextDecoder().decode(await sandbox.files.read("notes.txt"))).toBe("one\nthree\n");
});

it("is what a deep agent works in", async () => {
  let turn = 0;
  const model = new ScriptModel({
    model: (prompt) => {
      turn += 1;
      if (turn > 1) return [{ type: "text", deltas: [`It said ${prompt.at(-1)?.text ?? ""}`] }];
      return [{ type: "call", id: "c1", name: "execute", arguments: { command: "echo hello from the box" } }];
    },
  });
  const agent = createDeepAgent({ model: model as never, backend: backend as never });
  const { messages } = await agent.invoke({ messages: [new HumanMessage("Say hello.")] } as never);
  expect((messages as { text: string }[]).at(-1)?.text).toContain("hello from the box");
});
