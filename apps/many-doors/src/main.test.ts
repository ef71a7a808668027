import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { startApp } from "@agentscope-runtime-tooling/testing";
import type { AppProcess } from "@agentscope-runtime-tooling/testing";
import { doorsAt } from "./doors.ts";

const shell = promisify(execFile);

let app: AppProcess;
beforeAll(async () => {
  app = await startApp({ entry: new URL("./main.ts", import.meta.url) });
});
afterAll(async () => app[Symbol.asyncDispose]());

/** What a line of the page prints. */
async function run(line: string): Promise<string> {
  const PATH = `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
  const { stdout } = await shell("bash", ["-c", line], { env: { PATH }, timeout: 20_000 });
  return stdout;
}

/** What each door says in its own words. */
const answers: Readonly<Record<string, RegExp>> = {
  "Our own wire, as a stream": /"text":"You said: Hello".*"status":"completed"/s,
  "Our own wire, in one answer": /^\{"sequence_number":.*"object":"response","status":"completed".*You said: Hello/,
  "OpenAI Responses": /"object":"response".*"status":"completed".*"text":"You said: Hello"/,
  "OpenAI Responses, as a stream": /event: response\.reasoning_summary_text.*"delta":"3 ".*data: \[DONE\]\n\n$/s,
  "OpenAI Responses, on a WebSocket":
    /"type":"response\.created".*"text":"You said: Hello".*"type":"response\.completed"/s,
  "OpenAI Chat Completions": /"object":"chat\.completion".*"content":"You said: Hello"/,
  "OpenAI models": /"object":"list","data":\[\{"id":"many-doors"/,
  "A2A, the card": /"name":"many-doors"/,
  "A2A, JSON-RPC": /"jsonrpc":"2\.0".*You said: Hello/,
  "A2A, HTTP+JSON": /You said: Hello/,
  "AG-UI": /"type":"RUN_STARTED".*"delta":"You said: Hello".*"type":"RUN_FINISHED"/s,
  "MCP, the tools": /"tools":\[\{"name":"many-doors"/,
  "MCP, a call": /"text":"You said: Hello"/,
  "AgentCore, its health": /"status":"Healthy/,
  "AgentCore, an invocation": /You said: Hello/,
  OpenAPI: /"openapi":"3\.1\.0".*"\/v1\/responses"/s,
};

it("has an answer to expect for each door", () => {
  expect(Object.keys(answers)).toEqual(doorsAt(app.url).map(({ name }) => name));
});

it("shows every door on its page, with its URL and a line for a shell", async () => {
  const page = await (await fetch(app.url)).text();
  const shown = page.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  for (const { name, url, line } of doorsAt(app.url)) {
    expect(shown).toContain(`<h2>${name}</h2><p>${url}</p><pre>${line}</pre>`);
  }
});

it.each(Object.entries(answers))("%s: the line of the page works", async (name, answer) => {
  const { line = "" } = doorsAt(app.url).find((door) => door.name === name) ?? {};
  expect(await run(line)).toMatch(answer);
  // And once more, since people press the key twice.
  expect(await run(line)).toMatch(answer);
});
