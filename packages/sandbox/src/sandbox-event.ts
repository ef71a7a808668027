import type { SandboxEnd } from "./sandbox-end.ts";

/** What can happen to a session's sandbox. */
export type SandboxHappening =
  | { readonly type: "created" }
  /** It ends by itself in so many milliseconds, unless it is given more time. */
  | { readonly type: "willExpire"; readonly inMs: number }
  | { readonly type: "paused" }
  | { readonly type: "resumed" }
  | ({ readonly type: "ended" } & SandboxEnd);

/** What has happened to the sandbox of a session, told to whoever opened the manager. */
export type SandboxEvent = SandboxHappening & {
  readonly sandboxId: string;
  readonly sandboxType: string;
  readonly userId: string;
  readonly sessionId: string;
};
