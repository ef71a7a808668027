import type { McpToolResult, SandboxFiles } from "@agentscope-runtime/sandbox";
import type { LocalTool } from "@agentscope-runtime/sandbox/local";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { createTwoFilesPatch } from "diff";
import { minimatch } from "minimatch";
import { z } from "zod";

/** A tool of this server with its own input. */
interface FileTool<Input extends z.ZodObject> {
  readonly name: string;
  readonly description: string;
  readonly input: Input;
  readonly run: (input: z.output<Input>, options: { readonly signal?: AbortSignal | undefined }) => Promise<string>;
}

const path = z.string().min(1).describe("Relative to the workspace, or absolute and inside of it.");
const deepest = 100;
/** More than a model would read. */
const mostFound = 1_000;

/** The tools of a `filesystem` sandbox: they read, search and edit the files of the workspace, and nothing else. */
export function filesystemTools(files: SandboxFiles, workspace: string): readonly LocalTool[] {
  return [
    fileTool({
      name: "read_file",
      description: "Reads a text file.",
      input: z.object({ path }),
      run: async (input, options) => files.readText(input.path, options),
    }),
    fileTool({
      name: "read_multiple_files",
      description: "Reads several text files. One that cannot be read does not keep the others from being read.",
      input: z.object({ paths: z.array(path).min(1).max(100) }),
      run: async ({ paths }, options) => {
        const texts = await Promise.all(paths.map(async (each) => readOrSay(files, each, options)));
        return texts.join("\n---\n");
      },
    }),
    fileTool({
      name: "write_file",
      description: "Writes a text file: a new one, or over what is there.",
      input: z.object({ path, content: z.string() }),
      run: async (input, options) => {
        const entry = await files.write(input.path, input.content, options);
        return `Wrote ${entry.path}, ${entry.size ?? 0} bytes.`;
      },
    }),
    fileTool({
      name: "edit_file",
      description:
        "Replaces pieces of a text file, each of which has to stand there exactly once, and shows what has changed.",
      input: z.object({
        path,
        edits: z.array(z.object({ oldText: z.string().min(1), newText: z.string() })).min(1),
        dryRun: z.boolean().default(false).describe("Only show what would change."),
      }),
      run: async (input, options) => {
        const before = await files.readText(input.path, options);
        const after = input.edits.reduce(replaceOnce, before);
        if (!input.dryRun) await files.write(input.path, after, options);
        return createTwoFilesPatch(input.path, input.path, before, after, "before", "after");
      },
    }),
    fileTool({
      name: "create_directory",
      description: "Makes a directory, with those above it.",
      input: z.object({ path }),
      run: async (input, options) =>
        (await files.mkdir(input.path, options)) ? `Made ${input.path}.` : `${input.path} was there.`,
    }),
    fileTool({
      name: "list_directory",
      description: "Lists what is in a directory, each with [FILE], [DIR] or [LINK] before its name.",
      input: z.object({ path }),
      run: async (input, options) => {
        const entries = await files.list(input.path, options);
        return entries.map(({ type, name }) => `${marks[type]} ${name}`).join("\n");
      },
    }),
    fileTool({
      name: "directory_tree",
      description: "Everything below a directory as JSON: name, type, and children of directories.",
      input: z.object({ path }),
      run: async (input, options) => {
        const root = await rootOf(files, input.path, workspace, options);
        const entries = await files.list(input.path, { ...options, depth: deepest });
        return JSON.stringify(treeOf(root, entries), undefined, 2);
      },
    }),
    fileTool({
      name: "move_file",
      description: "Moves or renames a file or a directory. The destination must not be there.",
      input: z.object({ source: path, destination: path }),
      run: async ({ source, destination }, options) => {
        if ((await files.stat(destination, options)) !== undefined) {
          throw new RuntimeError("conflict", `destination: ${destination} is there already. Remove it first.`);
        }
        return `Moved to ${(await files.move(source, destination, options)).path}.`;
      },
    }),
    fileTool({
      name: "search_files",
      description: "Finds files and directories by name: part of it, or a pattern such as **/*.ts.",
      input: z.object({ path, pattern: z.string().min(1), excludePatterns: z.array(z.string()).default([]) }),
      run: async ({ path: below, pattern, excludePatterns }, options) => {
        const root = await rootOf(files, below, workspace, options);
        const entries = await files.list(below, { ...options, depth: deepest });
        const found = entries.filter((entry) => {
          const relative = entry.path.slice(root.length + 1);
          return matches(relative, pattern) && !excludePatterns.some((excluded) => matches(relative, excluded));
        });
        if (found.length === 0) return "Nothing was found.";
        return found
          .slice(0, mostFound)
          .map((entry) => entry.path)
          .join("\n");
      },
    }),
    fileTool({
      name: "get_file_info",
      description: "Size, type and time of a file or a directory.",
      input: z.object({ path }),
      run: async (input, options) => {
        const entry = await files.stat(input.path, options);
        if (entry === undefined) throw new RuntimeError("not_found", `There is no ${input.path}.`);
        const { type, size, modifiedAt } = entry;
        const lines = [`path: ${entry.path}`, `type: ${type}`, `modified: ${new Date(modifiedAt).toISOString()}`];
        return [...lines, ...(size === undefined ? [] : [`size: ${size}`])].join("\n");
      },
    }),
    fileTool({
      name: "list_allowed_directories",
      description: "The directories that these tools may use.",
      input: z.object({}),
      run: async () => workspace,
    }),
  ];
}

const marks = { file: "[FILE]", directory: "[DIR]", link: "[LINK]", other: "[OTHER]" } as const;

/** What fails is told to the model, which can do better. */
function fileTool<Input extends z.ZodObject>({ name, description, input, run }: FileTool<Input>): LocalTool {
  return {
    name,
    description,
    input,
    server: "filesystem",
    run: async (toolArguments, options): Promise<McpToolResult> => {
      try {
        // It was parsed with this schema.
        const text = await run(toolArguments as z.output<Input>, options);
        return { content: [{ type: "text", text }], isError: false };
      } catch (thrown) {
        options.signal?.throwIfAborted();
        const error = RuntimeError.from(thrown);
        if (error.code === "internal") throw thrown;
        return { content: [{ type: "text", text: error.message }], isError: true };
      }
    },
  };
}

async function readOrSay(
  files: SandboxFiles,
  file: string,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<string> {
  try {
    return `${file}:\n${await files.readText(file, options)}\n`;
  } catch (thrown) {
    options.signal?.throwIfAborted();
    return `${file}: ${RuntimeError.from(thrown).message}\n`;
  }
}

function replaceOnce(
  text: string,
  { oldText, newText }: { readonly oldText: string; readonly newText: string },
): string {
  const at = text.indexOf(oldText);
  const shown = JSON.stringify(oldText.slice(0, 80));
  if (at < 0) throw new RuntimeError("invalid_argument", `edits: ${shown} does not stand in the file. Read it again.`);
  if (text.includes(oldText, at + 1)) {
    throw new RuntimeError("invalid_argument", `edits: ${shown} stands in the file more than once. Give more of it.`);
  }
  return text.slice(0, at) + newText + text.slice(at + oldText.length);
}

/** The absolute path of a directory. */
async function rootOf(
  files: SandboxFiles,
  directory: string,
  workspace: string,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<string> {
  return (await files.stat(directory, options))?.path.replace(/\/+$/, "") ?? workspace;
}

function matches(relative: string, pattern: string): boolean {
  const name = relative.slice(relative.lastIndexOf("/") + 1);
  if (!/[*?[{]/.test(pattern)) return name.toLowerCase().includes(pattern.toLowerCase());
  return minimatch(relative, pattern, { dot: true, matchBase: true });
}

interface TreeNode {
  readonly name: string;
  readonly type: string;
  readonly children?: TreeNode[];
}

/** Entries come parents first. */
function treeOf(root: string, entries: Awaited<ReturnType<SandboxFiles["list"]>>): TreeNode[] {
  const top: TreeNode[] = [];
  const directories = new Map([[root, top]]);
  for (const { path: entryPath, name, type } of entries) {
    const children: TreeNode[] | undefined = type === "directory" ? [] : undefined;
    directories.get(entryPath.slice(0, -name.length - 1))?.push({ name, type, ...(children && { children }) });
    if (children !== undefined) directories.set(entryPath, children);
  }
  return top;
}
