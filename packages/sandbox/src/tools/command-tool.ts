import { defineTool } from "@agentscope-runtime/tools";
import type { Tool, ToolResult } from "@agentscope-runtime/tools";
import { z } from "zod";
import { shellCommand } from "../exec.ts";
import type { CommandResult } from "../exec.ts";
import { atMostEvery } from "./at-most-every.ts";
import { boundedText } from "./bounded-text.ts";
import { sandboxOf } from "./sandbox-source.ts";
import type { SandboxSource } from "./sandbox-source.ts";

const input = z.object({
  command: z.string().min(1).describe("A command line for the shell."),
  timeout_seconds: z.int().min(1).max(600).default(60).describe("It is killed after this."),
});

/** Putting all of a long output together at every piece of it would cost more than the command. */
const updateMs = 100;

/** `run_shell_command`: what the command prints is shown while it runs. */
export function commandTool(source: SandboxSource, maxCharacters: number): Tool<z.output<typeof input>> {
  return defineTool({
    name: "run_shell_command",
    description:
      "Runs a shell command in the workspace and returns its output and exit code. Files stay between calls.",
    input,
    run: async ({ command, timeout_seconds: timeoutSeconds }, { signal, onUpdate }) => {
      const said = { stdout: "", stderr: "" };
      const show = atMostEvery(updateMs, () => {
        onUpdate?.(toResult({ ...said, exitCode: 0 }, maxCharacters));
      });
      const sandbox = await sandboxOf(source);
      const events = sandbox.exec(shellCommand(command), { timeoutMs: timeoutSeconds * 1000, signal });
      for await (const event of events) {
        if (event.type === "exit") {
          const { exitCode, stopped } = event;
          return toResult({ ...said, exitCode, ...(stopped && { stopped }) }, maxCharacters);
        }
        said[event.type] += event.text;
        show();
      }
      throw new TypeError("The command's events have no exit.");
    },
  });
}

function toResult({ stdout, stderr, exitCode, stopped }: CommandResult, maxCharacters: number): ToolResult {
  const parts = [
    boundedText(stdout, maxCharacters),
    stderr === "" ? "" : `stderr:\n${boundedText(stderr, maxCharacters)}`,
    stopped === undefined ? "" : `It was stopped: ${stopped.replaceAll("_", " ")}.`,
    exitCode === 0 ? "" : `exit code ${exitCode}`,
  ].filter((part) => part !== "");
  return { content: [{ type: "text", text: parts.join("\n") }], isError: exitCode !== 0 };
}
