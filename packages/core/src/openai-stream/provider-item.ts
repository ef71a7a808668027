import type { AgentOutput } from "../agent-output.ts";

/** What is read of an item of a response's output. */
export interface ResponseItem {
  readonly type: string;
  readonly id?: string;
  readonly call_id?: string;
  readonly name?: string;
  readonly arguments?: string;
  readonly input?: string;
  readonly server_label?: string;
  readonly status?: string;
  readonly output?: unknown;
  readonly error?: unknown;
  /** Of a picture: base64. */
  readonly result?: string | null;
  readonly output_format?: string | null;
  readonly action?: unknown;
  readonly code?: string | null;
  readonly outputs?: unknown;
  readonly queries?: unknown;
  readonly results?: unknown;
  readonly tools?: unknown;
}

/** An item that is whole when it comes: a picture, a list of tools, a question, a call that the provider has run or asks us to run. */
export function* providerItem(item: ResponseItem): Generator<AgentOutput> {
  const { id = "", type } = item;
  switch (type) {
    case "image_generation_call":
      if (item.result)
        yield { type: "content", content: { type: "image", image_url: pictureUrl(item.result, item.output_format) } };
      break;
    case "mcp_approval_request": {
      const { name = "", arguments: text = "{}", server_label: serverLabel } = item;
      yield {
        type: "approval.request",
        id,
        name,
        arguments: text,
        ...(serverLabel === undefined ? {} : { serverLabel }),
      };
      break;
    }
    case "mcp_list_tools": {
      const { server_label = "", tools = [], error = null } = item;
      const content = [{ type: "data" as const, data: { id, server_label, tools, error } }];
      yield { type: "message", message: { type: "mcp_list_tools", role: "assistant", content } };
      break;
    }
    case "web_search_call":
      yield* ranCall(item, item.action ?? {}, { status: item.status });
      break;
    case "file_search_call":
      yield* ranCall(item, { queries: item.queries }, item.results ?? []);
      break;
    case "code_interpreter_call":
      yield* ranCall(item, { code: item.code }, item.outputs ?? []);
      break;
    default:
      // Such as computer_call and local_shell_call: the agent has to do it.
      if (type.endsWith("_call")) yield toCall(item, item.action ?? withoutFrame(item));
  }
}

function* ranCall(item: ResponseItem, toolArguments: unknown, output: unknown): Generator<AgentOutput> {
  yield toCall(item, toolArguments);
  const isError = item.status === "failed";
  yield { type: "tool.result", callId: item.call_id ?? item.id ?? "", output, ...(isError && { isError }) };
}

function toCall({ id = "", call_id: callId = id, type }: ResponseItem, toolArguments: unknown): AgentOutput {
  return { type: "tool.call", callId, name: type.slice(0, -"_call".length), arguments: toolArguments };
}

function withoutFrame(item: ResponseItem): object {
  const { id: _, call_id: __, type: ___, status: ____, ...rest } = item;
  return rest;
}

function pictureUrl(base64: string, format: string | null | undefined): string {
  const subtype = format === "svg" ? "svg+xml" : (format ?? "png");
  return `data:image/${subtype};base64,${base64}`;
}
