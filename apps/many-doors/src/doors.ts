/** One way to the agent, and a line for a shell that goes it. */
export interface Door {
  readonly name: string;
  readonly url: string;
  readonly line: string;
}

const name = "many-doors";

/** Every door of the app that is served at this URL. */
export function doorsAt(base: string): readonly Door[] {
  const socket = `${base.replace(/^http/, "ws")}/v1/responses`;
  const input = [{ role: "user", content: [{ type: "text", text: "Hello" }] }];
  const messages = [{ role: "user", content: "Hello" }];
  const message = { messageId: "m-1", role: "ROLE_USER", parts: [{ text: "Hello" }] };
  const create = { type: "response.create", model: name, input: "Hello" };
  const run = {
    threadId: "t-1",
    runId: "r-1",
    state: {},
    messages: [{ id: "m-1", role: "user", content: "Hello" }],
    tools: [],
    context: [],
    forwardedProps: {},
  };
  const rpc = { jsonrpc: "2.0", id: 1, method: "SendMessage", params: { message } };
  // A client begins with `initialize`; a server that keeps no sessions can do without.
  const mcp = ["accept: application/json, text/event-stream", "mcp-protocol-version: 2025-11-25"];
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: { message: "Hello" } } };
  return [
    door("Our own wire, as a stream", `${base}/process`, { body: { input }, stream: true }),
    door("Our own wire, in one answer", `${base}/process`, { body: { input, stream: false } }),
    door("OpenAI Responses", `${base}/v1/responses`, { body: { model: name, input: "Hello" } }),
    door("OpenAI Responses, as a stream", `${base}/v1/responses`, {
      body: { model: name, input: "Count to 3", stream: true },
      stream: true,
    }),
    { name: "OpenAI Responses, on a WebSocket", url: socket, line: socketLine(socket, create) },
    door("OpenAI Chat Completions", `${base}/v1/chat/completions`, { body: { model: name, messages } }),
    door("OpenAI models", `${base}/v1/models`),
    door("A2A, the card", `${base}/.well-known/agent-card.json`),
    door("A2A, JSON-RPC", `${base}/a2a`, { headers: ["A2A-Version: 1.0"], body: rpc }),
    door("A2A, HTTP+JSON", `${base}/a2a/message:send`, { headers: ["A2A-Version: 1.0"], body: { message } }),
    door("AG-UI", `${base}/ag-ui`, { headers: ["accept: text/event-stream"], body: run, stream: true }),
    door("MCP, the tools", `${base}/mcp`, { headers: mcp, body: { jsonrpc: "2.0", id: 1, method: "tools/list" } }),
    door("MCP, a call", `${base}/mcp`, { headers: mcp, body: call }),
    door("AgentCore, its health", `${base}/ping`),
    door("AgentCore, an invocation", `${base}/invocations`, { body: { prompt: "Hello" }, stream: true }),
    door("OpenAPI", `${base}/openapi.json`),
  ];
}

interface CurlOptions {
  readonly headers?: readonly string[];
  readonly body?: unknown;
  readonly stream?: boolean;
}

function door(title: string, url: string, { headers = [], body, stream = false }: CurlOptions = {}): Door {
  const json = body === undefined ? [] : ["content-type: application/json"];
  const words = [
    `curl -s${stream ? "N" : ""} ${quoted(url)}`,
    ...[...json, ...headers].map((header) => `-H ${quoted(header)}`),
    ...(body === undefined ? [] : [`-d ${quoted(JSON.stringify(body))}`]),
  ];
  return { name: title, url, line: words.join(" ") };
}

/** `curl` knows no WebSockets, and Node does. */
function socketLine(url: string, event: object): string {
  const script = `const s = new WebSocket(${JSON.stringify(url)});
s.onopen = () => s.send(${JSON.stringify(JSON.stringify(event))});
s.onmessage = ({ data }) => { console.log(data); if (data.includes("response.completed")) s.close(); };`;
  return `node -e ${quoted(script.replaceAll("\n", " "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
