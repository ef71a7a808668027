import { RuntimeError } from "@agentscope-runtime/protocol";
import { defineTool } from "@agentscope-runtime/tools";
import type { Tool } from "@agentscope-runtime/tools";
import { z } from "zod";
import { boundedText } from "./bounded-text.ts";
import { sandboxOf } from "./sandbox-source.ts";
import type { SandboxSource } from "./sandbox-source.ts";

const path = z.string().min(1).describe("A path in the workspace.");
const mostEntries = 500;

/** `read_file`, `write_file`, `edit_file` and `list_directory` over a sandbox's workspace. */
export function fileTools(source: SandboxSource, maxCharacters: number): readonly Tool[] {
  return [
    defineTool({
      name: "read_file",
      description: "Reads a text file, all of it or some of its lines.",
      input: z.object({
        path,
        first_line: z.int().min(1).default(1).describe("Where to begin; the first line is 1."),
        lines: z.int().min(1).max(10_000).default(2000).describe("How many lines."),
      }),
      readOnly: true,
      run: async ({ path: file, first_line: first, lines }, { signal }) => {
        const { files } = await sandboxOf(source);
        const all = (await files.readText(file, { signal })).split("\n");
        const shown = all.slice(first - 1, first - 1 + lines);
        const rest = all.length - (first - 1) - shown.length;
        const more = rest > 0 ? `\n[… ${rest} more lines …]` : "";
        return boundedText(shown.join("\n"), maxCharacters) + more;
      },
    }),
    defineTool({
      name: "write_file",
      description: "Writes a text file; what was there before is replaced.",
      input: z.object({ path, content: z.string() }),
      run: async ({ path: file, content }, { signal }) => {
        const { files } = await sandboxOf(source);
        const entry = await files.write(file, content, { signal });
        return `Wrote ${entry.size ?? 0} bytes to ${entry.path}.`;
      },
    }),
    defineTool({
      name: "edit_file",
      description: "Replaces one piece of a text file. The old text must stand there exactly once.",
      input: z.object({ path, old_text: z.string().min(1), new_text: z.string() }),
      run: async ({ path: file, old_text: oldText, new_text: newText }, { signal }) => {
        const { files } = await sandboxOf(source);
        const [before, after, ...others] = (await files.readText(file, { signal })).split(oldText);
        if (before === undefined || after === undefined) {
          throw new RuntimeError("invalid_argument", `old_text does not stand in ${file}: read the file again.`);
        }
        if (others.length > 0) {
          const message = `old_text stands ${others.length + 1} times in ${file}: take more of what is around it.`;
          throw new RuntimeError("invalid_argument", message);
        }
        await files.write(file, before + newText + after, { signal });
        return `Changed ${file}.`;
      },
    }),
    defineTool({
      name: "list_directory",
      description: "Lists files and directories with their sizes.",
      input: z.object({ path: path.default("."), depth: z.int().min(1).max(10).default(1) }),
      readOnly: true,
      run: async ({ path: directory, depth }, { signal }) => {
        const { files } = await sandboxOf(source);
        const entries = await files.list(directory, { depth, limit: mostEntries, signal });
        const lines = entries.map(({ path: name, type, size }) => `${type}\t${size ?? ""}\t${name}`);
        if (entries.length === mostEntries) lines.push(`[… only the first ${mostEntries} …]`);
        return lines.join("\n") || "It is empty.";
      },
    }),
  ];
}
