import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { openLocalSandbox } from "../local/index.ts";
import type { LocalSandbox } from "../local/index.ts";
import { resolveSandboxSpec } from "../resolve-sandbox-spec.ts";
import type { SandboxBackend, SandboxRecord } from "../sandbox-backend.ts";
import type { SandboxEnd } from "../sandbox-end.ts";
import type { OwnedSandbox } from "../sandbox.ts";

interface Folder {
  readonly sandbox: LocalSandbox;
  readonly record: Omit<SandboxRecord, "state">;
  readonly end: (end: SandboxEnd) => Promise<void>;
  readonly ended: Promise<SandboxEnd>;
  expire: NodeJS.Timeout | undefined;
  expiresAt: number;
  pausedAt: number | undefined;
}

/**
 * An engine without walls, for the tests of what stands above backends: each sandbox is a folder, its processes are this
 * machine's. Several backend objects see the same sandboxes, as those of several processes do. What is paused refuses to work, so
 * that nobody takes it for awake.
 */
export class FolderEngine implements AsyncDisposable {
  readonly #directory: string;
  readonly #folders = new Map<string, Folder>();
  #made = 0;

  /** @param directory - where the folders are made; yours to remove */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** How many sandboxes were ever made. */
  get made(): number {
    return this.#made;
  }

  backend(): SandboxBackend {
    const own = new Set<string>();
    return {
      name: "folder",
      abilities: async () => ({
        isolation: "none",
        missing: ["snapshot"],
        snapshots: "none",
        types: ["base"],
      }),
      create: async (spec, options) => {
        options?.signal?.throwIfAborted();
        const folder = await this.#create(resolveSandboxSpec(spec));
        own.add(folder.record.id);
        return this.#owned(folder);
      },
      attach: async (id) => {
        const folder = this.#folders.get(id);
        if (folder === undefined) throw new RuntimeError("not_found", `There is no sandbox ${id}.`);
        return this.#owned(folder);
      },
      list: async () =>
        [...this.#folders.values()].map(({ record, pausedAt }) => ({
          ...record,
          state: pausedAt === undefined ? "running" : "paused",
        })),
      deleteSnapshot: async () => undefined,
      [Symbol.asyncDispose]: async () => {
        for (const id of own) await this.#folders.get(id)?.end({ reason: "disposed", message: "Its backend was." });
      },
    };
  }

  /** Ends a sandbox as something outside would. */
  async kill(id: string, end: SandboxEnd): Promise<void> {
    await this.#folders.get(id)?.end(end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { end } of this.#folders.values()) await end({ reason: "engine_lost", message: "The engine ended." });
  }

  async #create({ type, ttlMs, labels, environment }: ReturnType<typeof resolveSandboxSpec>): Promise<Folder> {
    const id = `folder-${(this.#made += 1)}`;
    const root = await mkdtemp(join(this.#directory, "sandbox-"));
    const sandbox = await openLocalSandbox({ id, type: type.name, root, environment });
    const ended = Promise.withResolvers<SandboxEnd>();
    const folder: Folder = {
      sandbox,
      record: { id, type: type.name, createdAt: Date.now(), labels },
      ended: ended.promise,
      end: async (end) => {
        if (!this.#folders.delete(id)) return;
        clearTimeout(folder.expire);
        await sandbox.end(end);
        await rm(root, { recursive: true, force: true });
        ended.resolve(end);
      },
      expire: undefined,
      expiresAt: 0,
      pausedAt: undefined,
    };
    this.#folders.set(id, folder);
    expireIn(folder, ttlMs);
    return folder;
  }

  #owned(folder: Folder): OwnedSandbox {
    const { sandbox, record, end, ended } = folder;
    const awake = (): LocalSandbox => {
      if (folder.pausedAt !== undefined) throw new TypeError("This sandbox is paused: nobody may use it.");
      return sandbox;
    };
    const there = (): void => {
      if (!this.#folders.has(record.id)) throw new RuntimeError("not_found", `Sandbox ${record.id} has ended.`);
    };
    return {
      id: record.id,
      type: record.type,
      ended,
      files: sandbox.files,
      history: sandbox.history,
      exec: (...call) => awake().exec(...call),
      runShellCommand: async (...call) => awake().runShellCommand(...call),
      runIpythonCell: async (...call) => awake().runIpythonCell(...call),
      restartKernel: async (...call) => awake().restartKernel(...call),
      listTools: async (...call) => awake().listTools(...call),
      callTool: async (...call) => awake().callTool(...call),
      addMcpServers: async (...call) => awake().addMcpServers(...call),
      connect: async (...call) => awake().connect(...call),
      pause: async () => {
        there();
        folder.pausedAt ??= Date.now();
        clearTimeout(folder.expire);
      },
      resume: async () => {
        there();
        if (folder.pausedAt === undefined) return;
        const leftMs = folder.expiresAt - folder.pausedAt;
        folder.pausedAt = undefined;
        expireIn(folder, leftMs);
      },
      snapshot: () => Promise.reject(new RuntimeError("unimplemented", "folder takes no snapshots.")),
      extend: async (ttlMs) => {
        there();
        if (ttlMs <= 0) throw new RuntimeError("invalid_argument", "ttlMs: expected a positive number.");
        expireIn(folder, ttlMs);
      },
      [Symbol.asyncDispose]: async () => end({ reason: "disposed", message: "Its owner disposed it." }),
    };
  }
}

function expireIn(folder: Folder, ttlMs: number): void {
  clearTimeout(folder.expire);
  folder.expiresAt = Date.now() + ttlMs;
  folder.expire = setTimeout(() => {
    void folder.end({ reason: "expired", message: `Its time of ${ttlMs} ms was over.` });
  }, ttlMs).unref();
}
