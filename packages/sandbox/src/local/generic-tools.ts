import { parse } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import { z } from "zod";
import type { CommandResult } from "../exec.ts";
import type { CellOutput, CellResult } from "../ipython.ts";
import type { McpContent, McpToolResult, SandboxTool } from "../sandbox-tool.ts";
import type { Sandbox } from "../sandbox.ts";

/** A tool that a sandbox has by itself. */
export interface LocalTool {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodObject;
  /** Told to callers. Default `generic`. */
  readonly server?: string;
  run(toolArguments: unknown, options: CallOptions): Promise<McpToolResult>;
}

const cellSchema = z.object({
  code: z.string().describe("Python, as in a notebook: the last expression's value is shown."),
});
const commandSchema = z.object({ command: z.string().describe("A command line.") });

/** What every sandbox can do, as tools. */
export function genericTools(sandbox: Pick<Sandbox, "runShellCommand" | "runIpythonCell">): readonly LocalTool[] {
  return [
    {
      name: "run_ipython_cell",
      description: "Runs Python in a kernel that keeps its variables from call to call.",
      input: cellSchema,
      run: async (toolArguments, options) =>
        fromCell(await sandbox.runIpythonCell((toolArguments as z.infer<typeof cellSchema>).code, options)),
    },
    {
      name: "run_shell_command",
      description: "Runs a shell command in the workspace, and says what it printed and its exit code.",
      input: commandSchema,
      run: async (toolArguments, options) =>
        fromCommand(await sandbox.runShellCommand((toolArguments as z.infer<typeof commandSchema>).command, options)),
    },
  ];
}

/** Runs a tool with arguments that are not checked yet. */
export async function callLocalTool(
  tool: LocalTool,
  toolArguments: unknown,
  options: CallOptions,
): Promise<McpToolResult> {
  const parsed = tool.input.safeParse(toolArguments ?? {});
  if (parsed.success) return tool.run(parsed.data, options);
  try {
    parse(tool.input, toolArguments ?? {}, `arguments of ${tool.name}`);
  } catch (thrown) {
    return { content: [text((thrown as Error).message)], isError: true };
  }
  throw new TypeError("What was wrong is right.");
}

export function toSandboxTool({ name, description, input, server = "generic" }: LocalTool): SandboxTool {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(input, { io: "input" });
  return { name, description, inputSchema, server };
}

function text(value: string): McpContent {
  return { type: "text", text: value };
}

function fromCommand({ stdout, stderr, exitCode, stopped }: CommandResult): McpToolResult {
  const end = stopped === undefined ? `exit code ${exitCode}` : `stopped: ${stopped}, exit code ${exitCode}`;
  return {
    content: [text(stdout), ...(stderr === "" ? [] : [{ ...text(stderr), description: "stderr" }]), text(end)],
    isError: exitCode !== 0,
  };
}

function fromCell({ outputs, isError, stopped }: CellResult): McpToolResult {
  const content = outputs.flatMap(fromOutput);
  return { content: stopped === undefined ? content : [...content, text(`stopped: ${stopped}`)], isError };
}

function fromOutput(output: CellOutput): readonly McpContent[] {
  switch (output.type) {
    case "stdout":
      return [text(output.text)];
    case "stderr":
      return [{ ...text(output.text), description: "stderr" }];
    case "error":
      return [text(output.traceback)];
    case "display":
    case "result": {
      for (const mimeType of ["image/png", "image/jpeg"]) {
        const data = output.data[mimeType];
        if (data !== undefined) return [{ type: "image", data: data.replaceAll("\n", ""), mimeType }];
      }
      const plain = output.data["text/plain"] ?? output.data["text/html"];
      return plain === undefined ? [] : [text(plain)];
    }
  }
}
