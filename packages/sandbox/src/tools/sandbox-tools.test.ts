import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeContract } from "@agentscope-runtime/services/testing";
import { resultText } from "@agentscope-runtime/tools";
import type { Toolbox, ToolResult } from "@agentscope-runtime/tools";
import { toolContract } from "@agentscope-runtime/tools/testing";
import { sandboxTools } from "../index.ts";
import { openLocalSandbox } from "../local/index.ts";
import type { LocalSandbox } from "../local/index.ts";

let root: string;
let sandbox: LocalSandbox;
let tools: Toolbox;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sandbox-tools-"));
  sandbox = await openLocalSandbox({ id: "tools", type: "base", root });
  tools = await sandboxTools(sandbox);
});

afterEach(async () => {
  await sandbox[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
  await rm(`${root}.history`, { recursive: true, force: true });
});

const ask = async (name: string, toolArguments: object): Promise<string> =>
  resultText(await tools.call(name, toolArguments));

describeContract("run_shell_command", toolContract, {
  create: () => ({
    tool: tools.get("run_shell_command"),
    good: { command: "echo hi" },
    bad: { arguments: { command: 7 }, field: "command" },
  }),
});

describeContract("run_ipython_cell", toolContract, {
  create: () => ({
    tool: tools.get("run_ipython_cell"),
    good: { code: "print(1)" },
    bad: { arguments: {}, field: "code" },
  }),
});

describeContract("list_directory", toolContract, {
  create: () => ({ tool: tools.get("list_directory"), good: {}, bad: { arguments: { depth: 0 }, field: "depth" } }),
});

describe("run_shell_command", () => {
  it("says what the command printed, that it failed, and why it was stopped", async () => {
    expect(await tools.call("run_shell_command", { command: "echo out; echo err >&2; exit 3" })).toEqual({
      content: [{ type: "text", text: "out\n\nstderr:\nerr\n\nexit code 3" }],
      isError: true,
    });
    expect(await ask("run_shell_command", { command: "sleep 30", timeout_seconds: 1 })).toContain("stopped: timeout");
  });

  it("takes a warning for no failure", async () => {
    expect((await tools.call("run_shell_command", { command: "echo careful >&2" })).isError).toBe(false);
  });

  it("shows what the command prints while it runs", async () => {
    const shown = Promise.withResolvers<ToolResult>();
    const command = "echo first; until [ -e seen ]; do sleep 0.01; done; echo last";
    const running = tools.call("run_shell_command", { command }, { onUpdate: shown.resolve });
    expect(resultText(await shown.promise)).toBe("first\n");
    await sandbox.files.write("seen", "");
    expect(resultText(await running)).toBe("first\nlast\n");
  });

  it("shows a long output from both ends", async () => {
    const text = await ask("run_shell_command", { command: "seq 1 20000" });
    expect(text.length).toBeLessThan(20_100);
    expect(text).toMatch(/^1\n2\n/);
    expect(text).toContain("characters left out");
    expect(text).toMatch(/\n20000\n$/);
  });

  it("is killed when the call is aborted", async () => {
    const stop = new AbortController();
    const running = tools.call(
      "run_shell_command",
      { command: "echo on; sleep 30" },
      {
        signal: stop.signal,
        onUpdate: () => {
          stop.abort(new Error("enough"));
        },
      },
    );
    await expect(running).rejects.toThrow("enough");
  });
});

describe("run_ipython_cell", () => {
  it("keeps variables, and says exceptions as failures", async () => {
    await ask("run_ipython_cell", { code: "x = 20" });
    expect(await ask("run_ipython_cell", { code: "print('x is', x)\nx + 1" })).toBe("x is 20\n21\n");
    const failed = await tools.call("run_ipython_cell", { code: "1/0" });
    expect(failed.isError).toBe(true);
    expect(resultText(failed)).toContain("ZeroDivisionError");
  });

  it("shows pictures as images, between the texts", async () => {
    const code = `
from IPython.display import display, Image
import base64
print("before")
display(Image(data=base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="), format="png"))
print("after")`;
    const { content } = await tools.call("run_ipython_cell", { code });
    expect(content).toEqual([
      { type: "text", text: "before\n" },
      { type: "image", mediaType: "image/png", data: expect.stringMatching(/^iVBOR/) as string },
      { type: "text", text: "after\n" },
    ]);
  });
});

describe("file tools", () => {
  it("write, read lines, change one piece, and list", async () => {
    expect(await ask("write_file", { path: "a/b.txt", content: "one\ntwo\nthree\n" })).toMatch(/^Wrote 14 bytes to \//);
    expect(await ask("read_file", { path: "a/b.txt", first_line: 2, lines: 1 })).toBe("two\n[… 2 more lines …]");
    expect(await ask("edit_file", { path: "a/b.txt", old_text: "two", new_text: "2" })).toBe("Changed a/b.txt.");
    expect(await ask("read_file", { path: "a/b.txt" })).toBe("one\n2\nthree\n");
    expect(await ask("list_directory", { depth: 2 })).toMatch(/^directory\t\t.*\/a\nfile\t12\t.*\/a\/b\.txt$/);
  });

  it("say what the model can do better", async () => {
    await sandbox.files.write("twice", "aa");
    const edit = { path: "twice", old_text: "a", new_text: "b" };
    expect(await tools.call("edit_file", edit)).toMatchObject({ isError: true });
    expect(await ask("edit_file", edit)).toContain("stands 2 times");
    expect(await ask("edit_file", { ...edit, old_text: "z" })).toContain("does not stand in twice");
    expect(await ask("read_file", { path: "none" })).toContain("none");
    expect(await ask("read_file", { path: "../x" })).toContain("../x");
  });
});

describe("sandboxTools", () => {
  it("opens a sandbox when it is first needed, and not before", async () => {
    let opened = 0;
    const box = await sandboxTools(async () => {
      opened += 1;
      return sandbox;
    });
    expect([[...box].length, opened]).toEqual([6, 0]);
    expect(resultText(await box.call("run_shell_command", { command: "echo hi" }))).toBe("hi\n");
    expect(opened).toBe(1);
  });

  it("has what is asked for only", async () => {
    const [only, ...others] = await sandboxTools(sandbox, { include: ["read_file"] });
    expect([only?.name, others]).toEqual(["read_file", []]);
  });

  it("brings the tools of the sandbox's MCP servers, which win over its own of the same name", async () => {
    const server = `
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    method, result = m.get("method"), None
    if method == "initialize":
        result = {"protocolVersion": m["params"]["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}}
    elif method == "tools/list":
        schema = {"type": "object", "properties": {"path": {"type": "string"}}}
        result = {"tools": [{"name": n, "description": "A tool.", "inputSchema": schema} for n in ["read_file", "shout"]]}
    elif method == "tools/call":
        result = {"content": [{"type": "text", "text": m["params"]["name"] + " of the server"}]}
    if "id" in m:
        print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": result} if result else {"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32601, "message": "no"}}), flush=True)
`;
    await sandbox.files.write("server.py", server);
    await sandbox.addMcpServers({ own: { command: "python3", args: ["server.py"] } });
    const box = await sandboxTools(sandbox);
    expect(resultText(await box.call("shout", {}))).toBe("shout of the server");
    expect(resultText(await box.call("read_file", { path: "x" }))).toBe("read_file of the server");
  });
});
