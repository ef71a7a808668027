import type { CallOptions } from "@agentscope-runtime/services";
import type { OwnedSandbox } from "./sandbox.ts";
import type { SandboxSpec } from "./sandbox-spec.ts";

/** What stands between a sandbox and the host, weakest first. `none` is no boundary at all: for your own code only. */
export type Isolation = "none" | "process" | "container" | "gvisor" | "vm";

/** What a backend can do, as data: facts to choose by, instead of calls to try. */
export interface SandboxAbilities {
  readonly isolation: Isolation;
  /**
   * What it cannot do, by name: calls and options that reject with `unimplemented`, such as `pause`, `snapshot`, `exec.limits`; limits
   * of a sandbox that it does not keep, such as `limits.cpus`; and what `exec` lacks: `exec.streaming` (output comes at the end),
   * `exec.background` (it waits for what a command left), `exec.signals`, `exec.bytes` (bytes that are no UTF-8 may come as others).
   */
  readonly missing: readonly string[];
  /** What a snapshot keeps, or that there are none. */
  readonly snapshots: "none" | "disk" | "memory";
  /** Names of the types that it can make here; undefined when it takes any that has an image. */
  readonly types?: readonly string[];
}

export interface SandboxRecord {
  readonly id: string;
  readonly type: string;
  readonly state: "running" | "paused";
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Where sandboxes come from: containers, processes, pods, a cloud, a manager elsewhere.
 *
 * Errors have a code and a remedy: `unavailable` no engine, or it went away; `not_found` no image or snapshot; `resource_exhausted` no
 * room; `invalid_argument` the spec. Disposing ends all sandboxes that this backend object made. `sandboxBackendContract` of `./testing`
 * is the full text of this contract.
 */
export interface SandboxBackend extends AsyncDisposable {
  /** Such as `docker`. */
  readonly name: string;
  abilities(options?: CallOptions): Promise<SandboxAbilities>;
  /** Resolves when it is ready for the first command. Nothing is left behind when it rejects or is aborted. */
  create(spec: SandboxSpec, options?: CallOptions): Promise<OwnedSandbox>;
  /** Takes over a sandbox that another backend object made and left, such as that of a process that was killed. `not_found` when it has ended. */
  attach(id: string, options?: CallOptions): Promise<OwnedSandbox>;
  /** Every sandbox of this backend's owner that has not ended, whoever made it. */
  list(options?: CallOptions): Promise<readonly SandboxRecord[]>;
  /** Forgetting what is not there is no error. */
  deleteSnapshot(id: string, options?: CallOptions): Promise<void>;
}
