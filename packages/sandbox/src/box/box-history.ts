import type { CallOptions } from "@agentscope-runtime/services";
import type { SandboxHistory, WorkspaceCommit, WorkspaceDiffOptions } from "../sandbox-history.ts";
import type { BoxClient } from "./box-client.ts";
import { commitReplySchema, diffReplySchema, logReplySchema } from "./box-schemas.ts";

/** The history of a box's workspace, over the box protocol. */
export class BoxHistory implements SandboxHistory {
  readonly #client: BoxClient;

  constructor(client: BoxClient) {
    this.#client = client;
  }

  async commit(message: string, { signal }: CallOptions = {}): Promise<WorkspaceCommit | undefined> {
    const call = { method: "POST", path: "/history/commit", body: JSON.stringify({ message }), signal } as const;
    return (await this.#client.json(call, commitReplySchema)).commit;
  }

  async diff({ from, to, signal }: WorkspaceDiffOptions = {}): Promise<string> {
    const call = { method: "POST", path: "/history/diff", body: JSON.stringify({ from, to }), signal } as const;
    return (await this.#client.json(call, diffReplySchema)).diff;
  }

  async log({ signal }: CallOptions = {}): Promise<readonly WorkspaceCommit[]> {
    return (await this.#client.json({ method: "GET", path: "/history", signal }, logReplySchema)).commits;
  }
}
