import type { McpServerConfig } from "./sandbox-tool.ts";

/** What a whole sandbox may use up. */
export interface SandboxLimits {
  readonly memoryBytes: number;
  /** Processors; 0.5 is half of one. */
  readonly cpus: number;
  readonly processes: number;
  /** What the workspace may hold. */
  readonly diskBytes: number;
}

/** A host that a sandbox may reach: `example.com`, or `*.example.com` for all below it. */
export interface EgressRule {
  readonly host: string;
  /** Default 80 and 443. */
  readonly ports?: readonly number[];
}

/** A kind of sandbox. */
export interface SandboxType {
  /** 1 to 40 lower-case letters, digits and `-`. */
  readonly name: string;
  /** For people and models: what it is good for. */
  readonly description: string;
  /** The image's name, where a backend has images. */
  readonly image: string;
  readonly limits: SandboxLimits;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it may connect to. Default nowhere. */
  readonly egress?: readonly EgressRule[];
  /** Started with the sandbox. */
  readonly mcpServers?: Readonly<Record<string, McpServerConfig>>;
}

/** What is asked of a backend: a sandbox of a type, with changes. */
export interface SandboxSpec {
  readonly type: SandboxType;
  /** Merged over the type's. */
  readonly limits?: Partial<SandboxLimits>;
  /** Added to the type's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Instead of the type's. */
  readonly egress?: readonly EgressRule[];
  /** It ends by itself after this many milliseconds; the time that it is paused does not count. Default 1 hour. */
  readonly ttlMs?: number;
  /** Begin from this instead of the type's image. */
  readonly snapshot?: string;
  /** Who it is for; shown by `list`, and never used to find anything. */
  readonly labels?: Readonly<Record<string, string>>;
}
