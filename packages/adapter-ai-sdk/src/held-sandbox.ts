import type { Duplex } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import { openPortTunnel } from "./port-tunnel.ts";
import type { PortTunnel } from "./port-tunnel.ts";
import { sandboxUntil } from "./sandbox-until.ts";
import type { SandboxLike } from "./sandbox-like.ts";

interface ReachableEntry {
  readonly path: string;
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
}

/** The part of `Sandbox` that has ports, and says where its workspace is. */
export interface ReachableSandboxLike extends SandboxLike {
  readonly id: string;
  readonly files: {
    stat(path: string, options?: CallOptions): Promise<ReachableEntry | undefined>;
  } & SandboxLike["files"];
  connect(port: number, options?: CallOptions): Promise<Duplex>;
}

/** The part of a `SandboxLease` that is used. */
export interface SandboxLeaseLike extends AsyncDisposable {
  readonly sandbox: ReachableSandboxLike;
}

interface HeldSandboxOptions {
  readonly lease: SandboxLeaseLike;
  readonly ports: readonly number[];
  /** Ends what runs. */
  readonly end: AbortController;
}

/** What a session of a harness has of its sandbox: a lease, and the way to its ports. */
export class HeldSandbox {
  /** Rejects once the session was stopped. */
  readonly sandbox: SandboxLike;
  readonly end: AbortController;
  readonly #lease: SandboxLeaseLike;
  readonly #tunnels = new Map<number, Promise<PortTunnel>>();
  #ports: readonly number[];
  #left: Promise<void> | undefined;

  constructor({ lease, ports, end }: HeldSandboxOptions) {
    this.#lease = lease;
    this.#ports = ports;
    this.end = end;
    this.sandbox = sandboxUntil(lease.sandbox, end.signal);
  }

  get id(): string {
    return this.#lease.sandbox.id;
  }

  get ports(): readonly number[] {
    return this.#ports;
  }

  async setPorts(ports: readonly number[]): Promise<void> {
    this.#ports = ports;
    const closing = [...this.#tunnels].filter(([port]) => !ports.includes(port));
    for (const [port] of closing) this.#tunnels.delete(port);
    await closeAll(closing.map(([, tunnel]) => tunnel));
  }

  /** The port of this machine's loopback that leads to one of the sandbox's. */
  async reach(port: number): Promise<number> {
    this.#assertNamed(port);
    const { sandbox } = this.#lease;
    if (!this.#tunnels.has(port)) {
      await assertReachable(sandbox, port);
      this.#assertNamed(port); // Still.
    }
    const tunnel = this.#tunnels.get(port) ?? openPortTunnel(async () => sandbox.connect(port));
    this.#tunnels.set(port, tunnel);
    return (await tunnel).port;
  }

  /** Stops what runs, and gives the sandbox back. */
  async stop(): Promise<void> {
    if (this.#left === undefined) {
      this.end.abort(new RuntimeError("not_found", "This session was stopped: resume it."));
    }
    await this.leave();
  }

  /** Gives the sandbox back. What runs goes on. */
  async leave(): Promise<void> {
    this.#left ??= this.#leave();
    await this.#left;
  }

  #assertNamed(port: number): void {
    if (this.#left !== undefined) throw new RuntimeError("not_found", "This session is over: resume it.");
    if (this.#ports.includes(port)) return;
    const message = `Port ${port} is not one of this session's: name it in the provider's \`ports\`, or with \`setPorts\`.`;
    throw new RuntimeError("invalid_argument", message, { details: { field: "port" } });
  }

  async #leave(): Promise<void> {
    try {
      await this.setPorts([]);
    } finally {
      await this.#lease[Symbol.asyncDispose]();
    }
  }
}

/** A sandbox without ports says so; one where nothing listens yet is fine. */
async function assertReachable(sandbox: ReachableSandboxLike, port: number): Promise<void> {
  try {
    (await sandbox.connect(port)).destroy();
  } catch (thrown) {
    if (!RuntimeError.is(thrown) || thrown.code !== "unavailable") throw thrown;
  }
}

/** One that never opened needs no closing. */
async function closeAll(tunnels: readonly Promise<PortTunnel>[]): Promise<void> {
  const opened = await Promise.allSettled(tunnels);
  await Promise.all(opened.map(async (each) => each.status === "fulfilled" && each.value[Symbol.asyncDispose]()));
}
