import { defineTool } from "@agentscope-runtime/tools";
import type { Tool, ToolContent, ToolResult } from "@agentscope-runtime/tools";
import { z } from "zod";
import type { CellData, CellOutput } from "../ipython.ts";
import { boundedText } from "./bounded-text.ts";
import { sandboxOf } from "./sandbox-source.ts";
import type { SandboxSource } from "./sandbox-source.ts";

const input = z.object({
  code: z.string().min(1).describe("Python. Variables stay between calls; plots are shown."),
});

/** `run_ipython_cell`: what the cell prints is shown while it runs, plots as images. */
export function cellTool(source: SandboxSource, maxCharacters: number): Tool<z.output<typeof input>> {
  return defineTool({
    name: "run_ipython_cell",
    description: "Runs Python in a notebook-like session and returns what it prints, its last value and its plots.",
    input,
    run: async ({ code }, { signal, onUpdate }) => {
      const sandbox = await sandboxOf(source);
      const told: CellOutput[] = [];
      const { outputs, isError, stopped } = await sandbox.runIpythonCell(code, {
        signal,
        onOutput: (output) => {
          told.push(output);
          onUpdate?.({ content: contentOf(told, maxCharacters), isError: false });
        },
      });
      return result(contentOf(outputs, maxCharacters), isError, stopped);
    },
  });
}

function result(content: readonly ToolContent[], isError: boolean, stopped: string | undefined): ToolResult {
  if (stopped === undefined) return { content, isError };
  const text = `It was stopped: ${stopped.replaceAll("_", " ")}.`;
  return { content: [...content, { type: "text", text }], isError };
}

/** Texts that follow each other are one. */
function contentOf(outputs: readonly CellOutput[], maxCharacters: number): readonly ToolContent[] {
  const content: ToolContent[] = [];
  let text = "";
  const endText = (): void => {
    if (text !== "") content.push({ type: "text", text: boundedText(text, maxCharacters) });
    text = "";
  };
  for (const output of outputs) {
    const image = "data" in output ? imageOf(output.data) : undefined;
    if (image === undefined) {
      text += textOf(output);
    } else {
      endText();
      content.push(image);
    }
  }
  endText();
  return content.length > 0 ? content : [{ type: "text", text: "" }];
}

function imageOf(data: CellData): ToolContent | undefined {
  const mediaType = ["image/png", "image/jpeg"].find((type) => type in data);
  return mediaType === undefined ? undefined : { type: "image", data: data[mediaType] ?? "", mediaType };
}

function textOf(output: CellOutput): string {
  switch (output.type) {
    case "stdout":
    case "stderr":
      return output.text;
    case "display":
    case "result":
      return `${output.data["text/plain"] ?? Object.values(output.data)[0] ?? ""}\n`;
    case "error":
      return `${output.traceback}\n`;
  }
}
