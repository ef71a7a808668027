import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, closeSync, constants, createReadStream, mkdirSync, openSync, rmdirSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { resolveSandboxSpec } from "@agentscope-runtime/sandbox";
import type {
  OwnedSandbox,
  ResolvedSandboxSpec,
  SandboxAbilities,
  SandboxBackend,
  SandboxEnd,
  SandboxLimits,
  SandboxRecord,
  SandboxSnapshot,
  SandboxSpec,
} from "@agentscope-runtime/sandbox";
import { openLocalSandbox } from "@agentscope-runtime/sandbox/local";
import type { LocalSandbox } from "@agentscope-runtime/sandbox/local";
import type { CallOptions } from "@agentscope-runtime/services";
import { BoxShelf, defaultShelfDirectory } from "../box-shelf.ts";
import { EmbeddedSandbox } from "../embedded-sandbox.ts";
import type { SandboxBody } from "../embedded-sandbox.ts";
import { Box } from "./box.ts";
import type { BoxEnd } from "./box.ts";
import { newBoxOwner } from "./box-owner.ts";
import type { BoxOwner } from "./box-owner.ts";
import { boxPaths, bwrapArguments, nameOf } from "./bwrap-arguments.ts";
import { Cgroups } from "./cgroups.ts";
import type { Cgroup } from "./cgroups.ts";
import { findBubblewrap } from "./find-bubblewrap.ts";
import { leakingDescriptors } from "./leaking-descriptors.ts";
import { PortRelay } from "./port-relay.ts";
import { seccompFilter } from "./seccomp-filter.ts";

const run = promisify(execFile);
const name = "bubblewrap";
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Packing and unpacking a workspace. */
const longTask = { timeoutMs: 600_000, maxOutputBytes: 2 ** 40 };
const temporaryBytes = 256 * 1024 * 1024;

export interface BubblewrapBackendOptions {
  /** Where notes of the boxes and their snapshots are; backends with the same directory see each other's boxes. Default one of the user's own below the system's directory for temporary files. */
  readonly directory?: string;
  /** Default the `bwrap` of the system. */
  readonly bwrap?: string;
  /** The Node that boxes get, or false for none. Default the one that runs this. */
  readonly node?: string | false;
  /** A Python of the host's that has IPython. Default `python3`. */
  readonly python?: string;
  /** Types that need nothing but the host's programs. Default `base`. */
  readonly types?: readonly string[];
}
/**
 * Sandboxes of processes behind the walls of bubblewrap, on Linux, without an engine and without being root. `unavailable` where
 * bubblewrap is not, or may not work. It removes what processes left that were killed.
 *
 * @example
 * ```ts
 * await using backend = await openBubblewrapBackend();
 * await using sandbox = await backend.create({ type: baseSandboxType });
 * ```
 */
export async function openBubblewrapBackend(options: BubblewrapBackendOptions = {}): Promise<SandboxBackend> {
  const bwrap = await findBubblewrap(options.bwrap, newBoxOwner());
  const shelf = new BoxShelf(options.directory ?? defaultShelfDirectory());
  const cgroups = Cgroups.open();
  for (const id of shelf.abandoned()) await sweep(id, shelf, cgroups);
  return new BubblewrapBackend({ ...options, bwrap, shelf, cgroups });
}

interface BackendParts extends BubblewrapBackendOptions {
  readonly bwrap: string;
  readonly shelf: BoxShelf;
  readonly cgroups: Cgroups;
}

class BubblewrapBackend implements SandboxBackend {
  readonly name = name;
  readonly #parts: BackendParts;
  readonly #types: readonly string[];
  readonly #node: string | undefined;
  readonly #leaking = leakingDescriptors();
  readonly #seccomp = seccompFilter(process.arch);
  readonly #sandboxes = new Map<string, EmbeddedSandbox>();
  #isOver = false;

  constructor(parts: BackendParts) {
    this.#parts = parts;
    this.#types = parts.types ?? ["base"];
    this.#node = parts.node === false ? undefined : (parts.node ?? process.execPath);
  }

  async abilities(options?: CallOptions): Promise<SandboxAbilities> {
    this.#assertOpen(options);
    const { cgroups } = this.#parts;
    const limits = [
      !cgroups.has("memory") && "limits.memoryBytes",
      !cgroups.has("pids") && "limits.processes",
      !cgroups.has("cpu") && "limits.cpus",
    ].filter((limit) => limit !== false);
    return { isolation: "process", missing: ["attach", "egress", ...limits], snapshots: "disk", types: this.#types };
  }

  async create(spec: SandboxSpec, options: CallOptions = {}): Promise<OwnedSandbox> {
    this.#assertOpen(options);
    const resolved = resolveSandboxSpec(spec);
    this.#assertPossible(resolved);
    const { shelf } = this.#parts;
    const snapshot = resolved.snapshot === undefined ? undefined : shelf.snapshotPath(resolved.snapshot);
    const id = `${resolved.type.name}-${randomBytes(8).toString("hex")}`;
    const body = await this.#openBody(id, resolved, options.signal);
    const sandbox = new EmbeddedSandbox(body, resolved);
    this.#sandboxes.set(id, sandbox);
    void sandbox.ended.then(() => this.#sandboxes.delete(id));
    try {
      if (snapshot !== undefined) await unpack(sandbox, snapshot, options);
      const { mcpServers } = resolved.type;
      if (mcpServers !== undefined) await sandbox.addMcpServers(mcpServers, options);
      options.signal?.throwIfAborted();
      return sandbox;
    } catch (thrown) {
      await sandbox[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async attach(id: string, options?: CallOptions): Promise<OwnedSandbox> {
    this.#assertOpen(options);
    throw new RuntimeError("unimplemented", `attach: sandbox ${id} of ${name} ends with the process that made it.`);
  }

  async list(options?: CallOptions): Promise<readonly SandboxRecord[]> {
    this.#assertOpen(options);
    return this.#parts.shelf.list();
  }

  async deleteSnapshot(id: string, options?: CallOptions): Promise<void> {
    this.#assertOpen(options);
    await this.#parts.shelf.removeSnapshot(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#sandboxes.values()].map(async (sandbox) => sandbox[Symbol.asyncDispose]()));
    this.#parts.shelf.tidy();
  }

  #assertOpen(options?: CallOptions): void {
    options?.signal?.throwIfAborted();
    if (this.#isOver) throw new RuntimeError("unavailable", `The ${name} backend has been disposed.`);
  }

  #assertPossible({ type, egress }: ResolvedSandboxSpec): void {
    if (!this.#types.includes(type.name)) {
      const message = `${name} makes sandboxes of the types ${this.#types.join(", ")}, and none of the type ${type.name}: it has no images.`;
      throw new RuntimeError("unimplemented", message, { details: { field: "type" } });
    }
    if (egress.length === 0) return;
    throw new RuntimeError("unimplemented", `egress: ${name} sandboxes have no network. Use Docker for them.`, {
      details: { field: "egress" },
    });
  }

  async #openBody(id: string, spec: ResolvedSandboxSpec, signal: AbortSignal | undefined): Promise<SandboxBody> {
    const { shelf, cgroups } = this.#parts;
    const { type, labels } = spec;
    const record = { id, type: type.name, state: "running" as const, createdAt: Date.now(), labels };
    const directory = workspaceDirectory(id);
    shelf.note(record);
    let cgroup: Cgroup | undefined;
    try {
      cgroup = cgroups.make(id, spec.limits);
      const owner = newBoxOwner();
      const box = await this.#openBox({ directory, cgroup, owner, limits: spec.limits }, signal);
      return await this.#bodyOf({ box, cgroup, owner, record, directory, environment: spec.environment });
    } catch (thrown) {
      await cgroup?.remove();
      await unmount(directory);
      await shelf.remove(id);
      throw noRoom(thrown);
    }
  }

  async #openBox({ directory, cgroup, owner, limits }: BoxPlan, signal: AbortSignal | undefined): Promise<Box> {
    const { bwrap, cgroups } = this.#parts;
    const shared = owner === undefined ? undefined : directory;
    const { memoryBytes, processes, diskBytes } = limits;
    return Box.open(
      {
        bwrap,
        bwrapArguments: bwrapArguments({
          directory: shared,
          diskBytes,
          temporaryBytes: Math.min(temporaryBytes, memoryBytes),
          node: this.#node,
          hasSeccomp: this.#seccomp !== undefined,
        }),
        seccomp: this.#seccomp,
        user: owner,
        cgroup,
        leaking: this.#leaking,
        // Where groups have no limits, those of processes must do.
        memoryBytes: cgroups.has("memory") ? undefined : memoryBytes,
        processes: cgroups.has("pids") ? undefined : processes,
        prepare: async () => {
          if (shared !== undefined && owner !== undefined) await makeWorkspace(shared, diskBytes, owner);
        },
        runDirectory: (pid) =>
          shared === undefined ? `/proc/${pid}/root${boxPaths.run}` : `${shared}/${nameOf(boxPaths.run)}`,
      },
      signal,
    );
  }

  async #bodyOf(parts: BodyParts): Promise<SandboxBody> {
    const { box, cgroup, owner, record, directory, environment } = parts;
    const { shelf } = this.#parts;
    // The descriptor stays with this box; its process's number may be another's one day.
    const held =
      owner === undefined ? openSync(`/proc/${box.pid}/root${boxPaths.workspace}`, constants.O_RDONLY) : undefined;
    const root = held === undefined ? `${directory}/${nameOf(boxPaths.workspace)}` : `/proc/self/fd/${held}`;
    const relay = new PortRelay(box.spawn, box.runDirectory);
    let sandbox: LocalSandbox;
    try {
      sandbox = await openLocalSandbox({
        id: record.id,
        type: record.type,
        root,
        workspacePath: boxPaths.workspace,
        historyPath: `${boxPaths.history}/git`,
        spawn: box.spawn,
        environment: {
          PATH: this.#node === undefined ? defaultPath : `${boxPaths.node}:${defaultPath}`,
          ...environment,
        },
        ...(owner && { owner }),
        ...(this.#parts.python !== undefined && { python: this.#parts.python }),
        connect: async (port, options) => relay.connect(port, options),
      });
    } catch (thrown) {
      await box.kill();
      throw thrown;
    }
    const canFreeze = this.#parts.cgroups.has("freezer");
    return {
      sandbox,
      lost: box.ended.then((end) => toSandboxEnd(end, cgroup)),
      async pause() {
        if (canFreeze) cgroup.setFrozen(true);
        else box.signalAll("STOP");
      },
      async resume() {
        if (canFreeze) cgroup.setFrozen(false);
        else box.signalAll("CONT");
      },
      snapshot: async (signal) => pack(sandbox, shelf, signal),
      async close(paused) {
        const killed = box.kill();
        if (paused && canFreeze) cgroup.setFrozen(false); // What is frozen does not die.
        await killed;
        if (held !== undefined) closeSync(held);
        await cgroup.remove();
        await unmount(directory);
        await shelf.remove(record.id);
      },
      note(state) {
        shelf.note({ ...record, state });
      },
    };
  }
}

interface BoxPlan {
  readonly directory: string;
  readonly cgroup: Cgroup;
  readonly owner: BoxOwner | undefined;
  readonly limits: SandboxLimits;
}

interface BodyParts extends Omit<BoxPlan, "limits"> {
  readonly box: Box;
  readonly record: SandboxRecord;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Where a root's processes and those of a box, which are another user's, both get to. Programs look for it by name, so that each
 * directory above must let that user through.
 */
function workspaceDirectory(id: string): string {
  return `/run/agentscope-${id}`;
}

/** A workspace that can hold so much and no more; whoever is not root gets one in the box's own mounts. */
async function makeWorkspace(directory: string, diskBytes: number, { uid, gid }: BoxOwner): Promise<void> {
  const size = Math.max(1, Math.floor(diskBytes / 1024));
  mkdirSync(directory, { mode: 0o711 });
  const mountOptions = `size=${size}k,mode=0711,uid=${uid},gid=${gid},nosuid,nodev`;
  await run("mount", ["-t", "tmpfs", "-o", mountOptions, "agentscope-sandbox", directory]);
  for (const path of [boxPaths.workspace, boxPaths.history, boxPaths.run]) {
    const below = `${directory}/${nameOf(path)}`;
    mkdirSync(below);
    chownSync(below, uid, gid);
  }
}

/** Also what is still in use; it then goes with its last user. */
async function unmount(directory: string): Promise<void> {
  if (removeEmpty(directory)) return;
  await run("umount", ["-l", directory]).catch(() => undefined); // It is not mounted.
  removeEmpty(directory);
}

function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "ENOENT"; // Errors of fs have codes.
  }
}

/** What a process left that was killed. Its boxes died with it, unless they were paused. */
async function sweep(id: string, shelf: BoxShelf, cgroups: Cgroups): Promise<void> {
  const cgroup = cgroups.get(id);
  for (const pid of cgroup.pids()) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It is gone.
    }
  }
  cgroup.setFrozen(false);
  await cgroup.remove();
  await unmount(workspaceDirectory(id));
  await shelf.remove(id);
}

async function pack(sandbox: LocalSandbox, shelf: BoxShelf, signal?: AbortSignal): Promise<SandboxSnapshot> {
  const { id, path } = shelf.newSnapshot(name);
  try {
    await using file = await open(path, "wx", 0o600);
    for await (const piece of archive(sandbox, signal)) await file.writeFile(piece);
    return { id, kind: "disk" };
  } catch (thrown) {
    await rm(path, { force: true });
    throw thrown;
  }
}

/** What a command says is text; bytes of an archive come as base64. */
async function* archive(
  sandbox: LocalSandbox,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const command = ["/bin/sh", "-c", "tar -cf - . | base64 -w 0"] as const;
  let rest = "";
  for await (const event of sandbox.exec(command, { ...longTask, ...(signal && { signal }) })) {
    if (event.type !== "stdout") continue;
    const text = rest + event.text;
    const whole = text.length - (text.length % 4);
    rest = text.slice(whole);
    yield Buffer.from(text.slice(0, whole), "base64");
  }
}

async function unpack(sandbox: OwnedSandbox, path: string, { signal }: CallOptions): Promise<void> {
  const { exitCode, stderr } = await sandbox.runShellCommand("tar -xf -", {
    stdin: createReadStream(path) as AsyncIterable<Buffer>,
    ...longTask,
    ...(signal && { signal }),
  });
  if (exitCode === 0) return;
  throw new RuntimeError("resource_exhausted", `The snapshot could not be unpacked: ${stderr.trim().slice(-500)}`);
}

function toSandboxEnd({ exitCode, signal }: BoxEnd, cgroup: Cgroup): SandboxEnd {
  if (cgroup.memoryKills() > 0) return { reason: "out_of_memory", message: "It used up its memory." };
  if (signal !== null || (exitCode ?? 0) > 128) {
    return { reason: "killed", message: `Its main process was killed (${signal ?? `exit code ${exitCode}`}).` };
  }
  return { reason: "exited", message: `Its main process exited with code ${exitCode}.` };
}

function noRoom(thrown: unknown): unknown {
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
  if (code !== "ENOSPC" && code !== "ENOMEM" && code !== "EAGAIN" && code !== "EMFILE") return thrown;
  const message = `There is no room for another sandbox (${code}): end some.`;
  return new RuntimeError("resource_exhausted", message, { cause: thrown });
}
