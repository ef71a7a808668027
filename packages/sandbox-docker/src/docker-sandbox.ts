import type Docker from "dockerode";
import { parseTtl } from "@agentscope-runtime/services";
import type { CallOptions } from "@agentscope-runtime/services";
import { baseSandboxType, resolveSandboxSpec } from "@agentscope-runtime/sandbox";
import type { EgressRule, OwnedSandbox, Sandbox, SandboxEnd, SandboxSnapshot } from "@agentscope-runtime/sandbox";
import type { BoxFolder, BoxRecord } from "./box-directory.ts";
import { statusOf, toDockerError } from "./docker-error.ts";
import type { EgressProxy, EgressRules } from "./egress-proxy.ts";
import type { SandboxLife } from "./sandbox-life.ts";
import { TimeToLive } from "./time-to-live.ts";

/** A sandbox in a container. */
export interface DockerSandbox extends OwnedSandbox {
  /** What it may connect to from now on. Its open connections are cut. */
  setEgress(rules: readonly EgressRule[], options?: CallOptions): Promise<void>;
}

/** Everything that makes up one box, for as long as it is ours. */
export interface BoxParts {
  readonly docker: Docker;
  readonly container: Docker.Container;
  readonly folder: BoxFolder;
  readonly proxy: EgressProxy;
  readonly box: Sandbox & AsyncDisposable;
  /** Where the box is reached. */
  readonly socket: AsyncDisposable;
  /** The box knows it too: calls end with it. */
  readonly life: SandboxLife;
  readonly record: BoxRecord;
  readonly snapshot: (options?: CallOptions) => Promise<SandboxSnapshot>;
  /** Told once nothing of it is left. */
  readonly onGone: () => void;
}

/** The owner's side of a box: its time, its pauses, its end. */
export class BoxSandbox implements DockerSandbox {
  readonly #parts: BoxParts;
  readonly #life: SandboxLife;
  readonly #time: TimeToLive;
  readonly #sandbox: Sandbox;
  readonly #ended = Promise.withResolvers<SandboxEnd>();
  #egress: EgressRules;
  #closing: Promise<void> | undefined;
  /** Pausing and resuming one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: BoxParts) {
    const { box, life, record } = parts;
    this.#parts = parts;
    this.#life = life;
    this.#sandbox = box;
    this.#egress = record.egress;
    this.#time = new TimeToLive(record.leftMs, () => {
      void this.end({ reason: "expired", message: "its time was over." });
    });
    if (record.paused) this.#time.pause();
  }

  get id(): Sandbox["id"] {
    return this.#sandbox.id;
  }

  get type(): Sandbox["type"] {
    return this.#sandbox.type;
  }

  get files(): Sandbox["files"] {
    return this.#sandbox.files;
  }

  get history(): Sandbox["history"] {
    return this.#sandbox.history;
  }

  get ended(): Promise<SandboxEnd> {
    return this.#ended.promise;
  }

  readonly exec: Sandbox["exec"] = (command, options) => this.#sandbox.exec(command, options);
  readonly runShellCommand: Sandbox["runShellCommand"] = (command, options) =>
    this.#sandbox.runShellCommand(command, options);
  readonly runIpythonCell: Sandbox["runIpythonCell"] = (code, options) => this.#sandbox.runIpythonCell(code, options);
  readonly restartKernel: Sandbox["restartKernel"] = (options) => this.#sandbox.restartKernel(options);
  readonly listTools: Sandbox["listTools"] = (options) => this.#sandbox.listTools(options);
  readonly callTool: Sandbox["callTool"] = (name, toolArguments, options) =>
    this.#sandbox.callTool(name, toolArguments, options);
  readonly addMcpServers: Sandbox["addMcpServers"] = (servers, options) =>
    this.#sandbox.addMcpServers(servers, options);
  readonly connect: Sandbox["connect"] = (port, options) => this.#sandbox.connect(port, options);

  pause(options?: CallOptions): Promise<void> {
    return this.#inTurn(options, "pause a sandbox", async () => {
      if (this.#time.paused) return;
      await this.#parts.container.pause();
      this.#time.pause();
      await this.#save();
    });
  }

  resume(options?: CallOptions): Promise<void> {
    return this.#inTurn(options, "resume a sandbox", async () => {
      if (!this.#time.paused) return;
      await this.#parts.container.unpause();
      this.#time.resume();
      await this.#save();
    });
  }

  async snapshot(options?: CallOptions): Promise<SandboxSnapshot> {
    this.#life.assertOpen(options);
    try {
      return await this.#parts.snapshot(options);
    } catch (thrown) {
      this.#life.assertOpen(options);
      throw toDockerError(thrown, "make a snapshot");
    }
  }

  async extend(ttlMs: number, options?: CallOptions): Promise<void> {
    this.#life.assertOpen(options);
    this.#time.extend(parseTtl(ttlMs));
    await this.#save();
  }

  async setEgress(rules: readonly EgressRule[], options?: CallOptions): Promise<void> {
    this.#life.assertOpen(options);
    this.#egress = resolveSandboxSpec({ type: baseSandboxType, egress: rules }).egress;
    this.#parts.proxy.setRules(this.#egress);
    await this.#save();
  }

  /** Ends it for this reason, unless it has ended already; resolves when nothing of it is left. */
  end(end: SandboxEnd): Promise<void> {
    this.#closing ??= this.#close(end);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end({ reason: "disposed", message: "its owner disposed it." });
  }

  async #close(end: SandboxEnd): Promise<void> {
    const { box, socket, proxy, container, folder, onGone } = this.#parts;
    this.#time.stop();
    this.#life.end(end);
    await Promise.allSettled([box, socket, proxy].map((part) => part[Symbol.asyncDispose]()));
    // What an engine that is gone cannot remove now, a sweep does when it is back; the folder tells that there is something.
    if (await removeContainer(container)) await folder.remove().catch(() => undefined);
    onGone();
    this.#ended.resolve(end);
  }

  async #inTurn(options: CallOptions | undefined, what: string, work: () => Promise<void>): Promise<void> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    try {
      await before;
      this.#life.assertOpen(options);
      await work();
    } catch (thrown) {
      this.#life.assertOpen(options);
      throw toDockerError(thrown, what);
    } finally {
      resolve();
    }
  }

  async #save(): Promise<void> {
    const { record, folder } = this.#parts;
    const { leftMs, paused } = this.#time;
    await folder.write({ ...record, egress: this.#egress, leftMs, paused, countedAt: Date.now() });
  }
}

/** Kills and removes it with all that runs in it. False when the engine does not answer. */
export async function removeContainer(container: Docker.Container): Promise<boolean> {
  try {
    await container.remove({ force: true, v: true });
    return true;
  } catch (thrown) {
    const status = statusOf(thrown);
    if (status === 404) return true;
    if (status !== 409) return false;
    // Somebody else is removing it.
    return container.wait({ condition: "removed" }).then(
      () => true,
      (lost: unknown) => statusOf(lost) === 404,
    );
  }
}
