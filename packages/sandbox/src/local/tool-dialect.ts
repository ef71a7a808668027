import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { McpToolResult, SandboxTool } from "../sandbox-tool.ts";
import type { SandboxServers } from "./composed-sandbox.ts";

/** Shows the tools of MCP servers under other names, or with other arguments, than the servers have. */
export interface ToolDialect {
  readonly show: (tools: readonly SandboxTool[]) => readonly SandboxTool[];
  /** What the server is asked when one of the shown tools is called. Why it throws is told to the model. */
  readonly translate: (name: string, toolArguments: Readonly<Record<string, unknown>>) => ToolCall;
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Asked of the same server when this has not failed; its answer goes behind this one's. */
  readonly follow?: ToolCall;
}

/** The same servers, as a dialect has them. */
export function inDialect(servers: SandboxServers, dialect: ToolDialect): SandboxServers {
  const ask = async (
    { name, arguments: toolArguments, follow }: ToolCall,
    options: CallOptions,
  ): Promise<McpToolResult | undefined> => {
    const result = await servers.call(name, toolArguments, options);
    if (result === undefined || result.isError || follow === undefined) return result;
    const more = await ask(follow, options);
    return { ...result, content: [...result.content, ...(more?.content ?? [])] };
  };
  return {
    get tools() {
      return dialect.show(servers.tools);
    },
    add: async (added, options) => servers.add(added, options),
    call: async (name, toolArguments, options) => {
      if (!dialect.show(servers.tools).some((tool) => tool.name === name)) return undefined;
      let call: ToolCall;
      try {
        call = dialect.translate(name, toolArguments);
      } catch (thrown) {
        return { content: [{ type: "text", text: RuntimeError.from(thrown).message }], isError: true };
      }
      return ask(call, options);
    },
    close: async () => servers.close(),
  };
}
