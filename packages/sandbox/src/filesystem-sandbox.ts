import type { CallOptions } from "@agentscope-runtime/services";
import { BaseSandbox } from "./base-sandbox.ts";
import type { McpToolResult } from "./sandbox-tool.ts";

/** One replacement: `oldText` stands in the file, exactly. */
export interface FileEdit {
  readonly oldText: string;
  readonly newText: string;
}

/** The tools of a `filesystem` sandbox as methods, each named like its tool. */
export class FilesystemSandbox extends BaseSandbox {
  async readFile(path: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("read_file", { path }, options);
  }

  async readMultipleFiles(paths: readonly string[], options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("read_multiple_files", { paths }, options);
  }

  async writeFile(path: string, content: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("write_file", { path, content }, options);
  }

  /** With `dryRun` it only says what would change. */
  async editFile(
    path: string,
    edits: readonly FileEdit[],
    { dryRun = false, ...options }: CallOptions & { readonly dryRun?: boolean } = {},
  ): Promise<McpToolResult> {
    return this.callTool("edit_file", { path, edits, dryRun }, options);
  }

  async createDirectory(path: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("create_directory", { path }, options);
  }

  async listDirectory(path: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("list_directory", { path }, options);
  }

  async directoryTree(path: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("directory_tree", { path }, options);
  }

  async moveFile(source: string, destination: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("move_file", { source, destination }, options);
  }

  async searchFiles(
    path: string,
    pattern: string,
    { excludePatterns = [], ...options }: CallOptions & { readonly excludePatterns?: readonly string[] } = {},
  ): Promise<McpToolResult> {
    return this.callTool("search_files", { path, pattern, excludePatterns }, options);
  }

  async getFileInfo(path: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("get_file_info", { path }, options);
  }

  async listAllowedDirectories(options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("list_allowed_directories", {}, options);
  }
}
