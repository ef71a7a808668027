import type { Sandbox } from "../sandbox.ts";
import type { SandboxContract } from "./sandbox-contract.ts";

const namesOf = async (sandbox: Sandbox): Promise<readonly string[]> =>
  (await sandbox.listTools()).map(({ name }) => name);

/** A whole MCP server in one shell command: Python, standard library only. */
const tinyServer = String.raw`
import json, sys
def send(id, result): print(json.dumps({"jsonrpc": "2.0", "id": id, "result": result}), flush=True)
for line in sys.stdin:
    m = json.loads(line)
    if m.get("method") == "initialize":
        send(m["id"], {"protocolVersion": m["params"]["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "tiny", "version": "1"}})
    elif m.get("method") == "tools/list":
        send(m["id"], {"tools": [{"name": "shout", "description": "Shouts.", "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}]})
    elif m.get("method") == "tools/call":
        text = m["params"]["arguments"]["text"]
        send(m["id"], {"content": [{"type": "text", "text": text.upper()}], "isError": text == "fail"})
    elif "id" in m:
        print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32601, "message": "no such method"}}), flush=True)
`;

const addTiny = async (sandbox: Sandbox): Promise<void> => {
  await sandbox.files.write("tiny.py", tinyServer);
  await sandbox.addMcpServers({ tiny: { command: "python3", args: ["tiny.py"] } });
};

/** What it means to have tools. */
export const toolPromises: SandboxContract = {
  "has a tool for the shell and one for Python": async (sandbox) => {
    const tools = await sandbox.listTools();
    const generic = tools.filter(({ server }) => server === "generic").map(({ name }) => name);
    expect(generic).toEqual(expect.arrayContaining(["run_ipython_cell", "run_shell_command"]));
    for (const { description, inputSchema } of tools) {
      expect(description).not.toBe("");
      expect(inputSchema).toMatchObject({ type: "object" });
    }
  },

  "answers a shell tool's call with what the command said": async (sandbox) => {
    const { content, isError } = await sandbox.callTool("run_shell_command", { command: "echo hi; echo careful >&2" });
    expect(isError).toBe(false); // A warning is no failure.
    expect(JSON.stringify(content)).toContain("hi");
    expect(JSON.stringify(content)).toContain("careful");
  },

  "says that a command or a cell has failed": async (sandbox) => {
    expect(await sandbox.callTool("run_shell_command", { command: "exit 3" })).toMatchObject({ isError: true });
  },

  "says that a cell has failed, also when it printed nothing on stderr": async (sandbox) => {
    const { content, isError } = await sandbox.callTool("run_ipython_cell", { code: "1/0" });
    expect(isError).toBe(true);
    expect(JSON.stringify(content)).toContain("ZeroDivisionError");
  },

  "answers a call with wrong arguments, and names the field": async (sandbox) => {
    const { content, isError } = await sandbox.callTool("run_shell_command", { command: 7 });
    expect(isError).toBe(true);
    expect(JSON.stringify(content)).toContain("command");
  },

  "refuses a tool that is not there": async (sandbox) => {
    await expect(sandbox.callTool("no_such_tool", {})).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("no_such_tool") as string,
    });
  },

  "takes on an MCP server, and calls its tools": async (sandbox) => {
    await addTiny(sandbox);
    expect(await namesOf(sandbox)).toContain("shout");
    expect(await sandbox.callTool("shout", { text: "hi" })).toMatchObject({
      content: [{ type: "text", text: "HI" }],
      isError: false,
    });
    expect(await sandbox.callTool("shout", { text: "fail" })).toMatchObject({ isError: true });
    await addTiny(sandbox); // The one that is there stays.
  },

  "names the MCP server that does not start": async (sandbox) => {
    const adding = sandbox.addMcpServers({ broken: { command: "/bin/false" } });
    await expect(adding).rejects.toMatchObject({ message: expect.stringContaining("broken") as string });
    expect(await namesOf(sandbox)).toContain("run_shell_command");
  },
};
