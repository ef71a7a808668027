import { mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "@agentscope-runtime/sandbox";
import { openLocalSandbox } from "@agentscope-runtime/sandbox/local";
import { stepCountIs, streamText, tool } from "ai";
import type { Experimental_SandboxSession as SandboxSession } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import { fromAiSdk, toAiSdkSandbox } from "./index.ts";

let root: string;
let sandbox: Sandbox & AsyncDisposable;
/** Its type is the SDK's: the compiler says whether ours is one. */
let session: SandboxSession;

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "ai-sdk-sandbox-")));
  sandbox = await openLocalSandbox({ id: "box", type: "base", root: join(root, "workspace") });
  session = toAiSdkSandbox(sandbox);
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

const textOf = async (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text();

it("runs commands, in a directory and with an environment, and tells how they ended", async () => {
  await session.writeTextFile({ path: "run/a.txt", content: "hi\n" });
  expect(
    await session.run({ command: 'cat a.txt; echo "$WORD" >&2; exit 3', workingDirectory: "run", env: { WORD: "so" } }),
  ).toEqual({
    stdout: "hi\n",
    stderr: "so\n",
    exitCode: 3,
  });
});

it("says that a command was stopped for its time", async () => {
  const quick = toAiSdkSandbox(sandbox, { timeoutMs: 200 });
  const { exitCode, stderr } = await quick.run({ command: "sleep 60" });
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain("timeout");
});

it("stops a command that is aborted", async () => {
  const stop = new AbortController();
  const running = session.run({ command: "sleep 60", abortSignal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
});

it("reads and writes files as text, bytes and streams, and makes directories", async () => {
  const bytes = new Uint8Array([0, 255, 10]);
  await session.writeBinaryFile({ path: "files/deep/a.bin", content: bytes });
  expect(Array.from((await session.readBinaryFile({ path: "files/deep/a.bin" })) ?? [])).toEqual([...bytes]);
  await session.writeFile({
    path: "files/b.txt",
    content: ReadableStream.from([Buffer.from("one\ntwo"), Buffer.from("\nthree\n")]),
  });
  const stream = await session.readFile({ path: "files/b.txt" });
  expect(stream && (await textOf(stream))).toBe("one\ntwo\nthree\n");
  expect(await session.readTextFile({ path: "files/b.txt", startLine: 2, endLine: 2 })).toBe("two\n");
  expect(await session.readTextFile({ path: "files/b.txt", startLine: 3, endLine: 99 })).toBe("three\n");
  await session.writeTextFile({ path: "files/c.txt", content: "é", encoding: "latin1" });
  expect(await session.readTextFile({ path: "files/c.txt", encoding: "latin1" })).toBe("é");
  await expect(session.readTextFile({ path: "files/c.txt", encoding: "klingon" })).rejects.toMatchObject({
    code: "invalid_argument",
  });
  await expect(session.writeTextFile({ path: "files", content: "" })).rejects.toMatchObject({
    code: "invalid_argument",
  });
});

it("says null or false of what is not there", async () => {
  const path = "nowhere/a.txt";
  expect(await session.readFile({ path })).toBeNull();
  expect(await session.readBinaryFile({ path })).toBeNull();
  expect(await session.readTextFile({ path })).toBeNull();
  expect(await session.stat({ path })).toBeNull();
  expect(await session.listDirectory({ path })).toBeNull();
  expect(await session.deleteFile({ path })).toBe(false);
});

it("does not take a sandbox that has ended for one without files", async () => {
  const ended = await openLocalSandbox({ id: "ended", type: "base", root: join(root, "ended") });
  const over = toAiSdkSandbox(ended);
  await ended[Symbol.asyncDispose]();
  const gone = { code: "not_found", message: expect.stringContaining("ended") as string };
  await expect(over.readTextFile({ path: "a" })).rejects.toMatchObject(gone);
  await expect(over.readBinaryFile({ path: "a" })).rejects.toMatchObject(gone);
  await expect(over.listDirectory({ path: "." })).rejects.toMatchObject(gone);
});

it("tells what is where, follows links but deletes them and not what they point to", async () => {
  await session.writeTextFile({ path: "list/a.txt", content: "abc" });
  await session.writeTextFile({ path: "list/sub/b.txt", content: "" });
  await symlink("a.txt", join(root, "workspace/list/to-file"));
  await symlink("sub", join(root, "workspace/list/to-directory"));
  await symlink("gone", join(root, "workspace/list/to-nothing"));
  const entries = (await session.listDirectory({ path: "list" })) ?? [];
  expect(entries.toSorted((left, right) => (left.name < right.name ? -1 : 1))).toEqual([
    { name: "a.txt", type: "file" },
    { name: "sub", type: "directory" },
    { name: "to-directory", type: "symlink" },
    { name: "to-file", type: "symlink" },
    { name: "to-nothing", type: "symlink" },
  ]);
  expect(await session.stat({ path: "list/a.txt" })).toEqual({ type: "file", size: 3 });
  expect(await session.stat({ path: "list" })).toMatchObject({ type: "directory" });
  expect(await session.stat({ path: "list/to-file" })).toEqual({ type: "file", size: 3 });
  expect(await session.stat({ path: "list/to-directory" })).toMatchObject({ type: "directory" });
  expect(await session.stat({ path: "list/to-nothing" })).toBeNull();
  expect(await session.deleteFile({ path: "list/to-file" })).toBe(true);
  expect(await session.stat({ path: "list/a.txt" })).toEqual({ type: "file", size: 3 });
  await expect(session.deleteFile({ path: "list/sub" })).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(session.listDirectory({ path: "list/a.txt" })).rejects.toMatchObject({ code: "invalid_argument" });
});

it("starts processes whose outputs are streams, which can be written to, waited for and killed", async () => {
  const echo = await session.spawn({ command: "cat; echo done >&2; exit 4", stdin: true });
  const writer = echo.stdin.getWriter();
  await writer.write(Buffer.from("hello"));
  await writer.close();
  expect(await Promise.all([textOf(echo.stdout), textOf(echo.stderr), echo.wait()])).toEqual([
    "hello",
    "done\n",
    { exitCode: 4 },
  ]);

  const endless = await session.spawn({ command: "echo ready; sleep 60" });
  const reader = endless.stdout.getReader();
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("ready\n");
  await endless.kill();
  await endless.kill();
  expect(await endless.wait()).toEqual({ exitCode: 137 });
  expect(await reader.read()).toMatchObject({ done: true });
  expect(endless).not.toHaveProperty("stdin");
});

it("loses nothing of what a process prints before somebody reads, and drops what nobody wants", async () => {
  const flood = (where: string): string => `yes abcdefghijklmnopqrstuvwxyz | head -c 3000000 ${where}`;
  const both = await session.spawn({ command: `${flood("")}; ${flood(">&2")}` });
  const read = Promise.all([textOf(both.stdout), textOf(both.stderr)]);
  expect((await read).map(({ length }) => length)).toEqual([3_000_000, 3_000_000]);
  const half = await session.spawn({ command: `${flood(">&2")}; ${flood("")}` });
  await half.stderr.cancel();
  expect((await textOf(half.stdout)).length).toBe(3_000_000);
  expect(await half.wait()).toEqual({ exitCode: 0 });
  const unwanted = await session.spawn({ command: flood("") });
  await Promise.all([unwanted.stdout.cancel(), unwanted.stderr.cancel()]);
  expect(await unwanted.wait()).toEqual({ exitCode: 0 });
});

it("makes a process wait while nobody reads it", async () => {
  const counting = await session.spawn({ command: "head -c 8000000 /dev/zero | tr '\\0' x; touch flooded" });
  const reader = counting.stdout.getReader();
  await reader.read();
  expect(await session.stat({ path: "flooded" })).toBeNull();
  while (!(await reader.read()).done);
  expect(await counting.wait()).toEqual({ exitCode: 0 });
  expect(await session.stat({ path: "flooded" })).toMatchObject({ type: "file" });
});

it("is what the SDK's tools get", async () => {
  const usage = {
    inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 1, text: 1, reasoning: 0 },
  };
  const finish = { type: "finish" as const, usage, finishReason: { unified: "tool-calls" as const, raw: undefined } };
  const call = {
    type: "tool-call" as const,
    toolCallId: "c1",
    toolName: "shell",
    input: '{"command":"echo $((6*7))"}',
  };
  const model = new MockLanguageModelV4({ doStream: async () => ({ stream: ReadableStream.from([call, finish]) }) });
  const shell = tool({
    inputSchema: z.object({ command: z.string() }),
    execute: async ({ command }, { experimental_sandbox: box }) => (await box?.run({ command }))?.stdout,
  });
  const result = streamText({
    model,
    prompt: "6 * 7?",
    tools: { shell },
    experimental_sandbox: session,
    stopWhen: stepCountIs(1),
  });
  expect(await Array.fromAsync(fromAiSdk(result))).toContainEqual(
    expect.objectContaining({ type: "tool.result", output: "42\n" }),
  );
});
