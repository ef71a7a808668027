import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { baseSandboxType } from "@agentscope-runtime/sandbox";
import type {
  OwnedSandbox,
  ResolvedSandboxSpec,
  SandboxBackend,
  SandboxRecord,
  SandboxSnapshot,
} from "@agentscope-runtime/sandbox";
import { openLocalSandbox } from "@agentscope-runtime/sandbox/local";
import type { LocalSandbox } from "@agentscope-runtime/sandbox/local";
import type { CallOptions } from "@agentscope-runtime/services";
import { BoxShelf, defaultShelfDirectory } from "../box-shelf.ts";
import { EmbeddedBackend } from "../embedded-backend.ts";
import type { SandboxBody } from "../embedded-sandbox.ts";
import { BubblewrapWalls } from "./bubblewrap-walls.ts";
import type { WalledBox } from "./bubblewrap-walls.ts";
import { boxPaths } from "./bwrap-arguments.ts";
import { PortRelay } from "./port-relay.ts";
import { SpareBox } from "./spare-box.ts";

const name = "bubblewrap";
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Packing and unpacking a workspace. */
const longTask = { timeoutMs: 600_000, maxOutputBytes: 2 ** 40 };

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
  /** Whether one box stands ready for the next sandbox that has the same limits as the last, or at first the default ones. Default true. */
  readonly spare?: boolean;
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
  const { bwrap, node, types = ["base"], spare: hasSpare = true } = options;
  const walls = await BubblewrapWalls.open({ bwrap, node });
  const shelf = new BoxShelf(options.directory ?? defaultShelfDirectory(name));
  for (const id of shelf.abandoned()) {
    await walls.sweep(id);
    await shelf.remove(id);
  }
  const spare = new SpareBox(walls, shelf);
  if (hasSpare) spare.prepare(baseSandboxType.limits);
  const missing = ["attach", "egress", ...walls.missingLimits];
  return new EmbeddedBackend({
    name,
    shelf,
    abilities: { isolation: "process", missing, snapshots: "disk", types },
    openBody: async (record, spec, { signal }) => {
      const { limits } = spec;
      const walled = (await spare.take(limits)) ?? (await walls.openBox(record.id, limits, signal));
      const body = await bodyOf({ walled, record, spec, shelf, hasNode: walls.hasNode, python: options.python });
      if (hasSpare) spare.prepareSoon(limits);
      return body;
    },
    restore: unpack,
    close: async () => spare[Symbol.asyncDispose](),
  });
}

interface BodyParts {
  readonly walled: WalledBox;
  readonly record: SandboxRecord;
  readonly spec: ResolvedSandboxSpec;
  readonly shelf: BoxShelf;
  readonly hasNode: boolean;
  readonly python: string | undefined;
}

async function bodyOf({ walled, record, spec, shelf, hasNode, python }: BodyParts): Promise<SandboxBody> {
  const { box, root, owner } = walled;
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
      environment: { PATH: hasNode ? `${boxPaths.node}:${defaultPath}` : defaultPath, ...spec.environment },
      ...(owner && { owner }),
      ...(python !== undefined && { python }),
      connect: async (port, options) => relay.connect(port, options),
    });
  } catch (thrown) {
    await walled.close(false);
    throw thrown;
  }
  return {
    sandbox,
    lost: walled.ended,
    pause: async () => {
      walled.pause();
    },
    resume: async () => {
      walled.resume();
    },
    snapshot: async (signal) => pack(sandbox, shelf, signal),
    close: async (paused) => {
      await walled.close(paused);
      await shelf.remove(record.id);
    },
    note: (state) => {
      shelf.note({ ...record, state });
    },
  };
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
