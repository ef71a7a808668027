import type { CallOptions } from "@agentscope-runtime/services";

export interface WorkspaceCommit {
  readonly id: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly committedAt: number;
}

export interface WorkspaceDiffOptions extends CallOptions {
  /** Default the latest commit. */
  readonly from?: string;
  /** Default the files as they are. */
  readonly to?: string;
}

/** The workspace's history. Kept by git, beside the workspace: a repository that the user has in it is not touched. */
export interface SandboxHistory {
  /** Records all files as they are. Undefined when nothing has changed since the latest. */
  commit(message: string, options?: CallOptions): Promise<WorkspaceCommit | undefined>;
  /** What has changed, as one unified diff; "" when nothing has. `not_found` for an unknown commit. */
  diff(options?: WorkspaceDiffOptions): Promise<string>;
  /** Newest first, at most 1,000. */
  log(options?: CallOptions): Promise<readonly WorkspaceCommit[]>;
}
