import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { resolveSandboxSpec } from "@agentscope-runtime/sandbox";
import { openBox } from "@agentscope-runtime/sandbox/box";
import type {
  ResolvedSandboxSpec,
  SandboxAbilities,
  SandboxBackend,
  SandboxRecord,
  SandboxSnapshot,
  SandboxSpec,
} from "@agentscope-runtime/sandbox";
import { Lifetime } from "@agentscope-runtime/services";
import type { CallOptions } from "@agentscope-runtime/services";
import { BoxDirectory } from "./box-directory.ts";
import type { BoxFolder, BoxRecord } from "./box-directory.ts";
import { newBoxUser } from "./box-user.ts";
import type { BoxUser } from "./box-user.ts";
import { containerOptions, label } from "./container-options.ts";
import { statusOf, toDockerError } from "./docker-error.ts";
import { BoxSandbox, removeContainer } from "./docker-sandbox.ts";
import type { DockerSandbox } from "./docker-sandbox.ts";
import { EgressProxy } from "./egress-proxy.ts";
import type { EgressRequest } from "./egress-proxy.ts";
import { endOf } from "./end-of.ts";
import { EngineEvents } from "./engine-events.ts";
import type { EngineEvent } from "./engine-events.ts";
import { MemorySnapshots } from "./memory-snapshots.ts";
import { PinnedSocket } from "./pinned-socket.ts";
import { SandboxLife } from "./sandbox-life.ts";
import type { ResolveHost } from "./resolve-egress.ts";
import { sweep } from "./sweep.ts";
import { removeSnapshot, snapshotImage, takeSnapshot } from "./take-snapshot.ts";
import { waitForListener } from "./wait-for-listener.ts";
import { waitForSocket } from "./wait-for-socket.ts";
import { canMakeDisks, copyDisk, makeDisk } from "./workspace-disk.ts";

export interface DockerBackendOptions {
  /** The engine's socket, on this machine. Default `/var/run/docker.sock`. */
  readonly socketPath?: string;
  /** Whose sandboxes these are: backends with the same owner and directory see and clean up each other's. Default `default`. */
  readonly owner?: string;
  /** Where sockets and disks are kept; it belongs to this user alone. Default a folder of this user's in the system's temporary one. */
  readonly directory?: string;
  /** The engine's runtime, such as `runsc` for gVisor. Default the engine's own default, which is runc. */
  readonly runtime?: string;
  /** Must be there, or the backend does not open: `unavailable`. Default: what is not there is told when a sandbox is made of it. */
  readonly images?: readonly string[];
  /** More at a time are refused with `resource_exhausted`. Default 100. */
  readonly maxSandboxes?: number;
  /** Sandboxes of a process that was killed are removed after this many milliseconds, unless another has attached them. Default 60,000. */
  readonly leaseMs?: number;
  /** A call of the engine that takes longer is `unavailable`; those that copy disks or memory may. Default 30,000 milliseconds. */
  readonly engineTimeoutMs?: number;
  /** Told everything that sandboxes want to reach, allowed or not. */
  readonly onEgress?: (request: EgressRequest) => void;
  /** Asks for the addresses of hosts. Default the system's resolver. */
  readonly resolveHost?: ResolveHost;
}

/** Facts about this backend that a chooser may want. */
export interface DockerAbilities extends SandboxAbilities {
  /** Where a workspace is: on a disk of its own of a fixed size, or in memory, where it counts as such. */
  readonly workspace: "disk" | "memory";
}

/** Sandboxes in the containers of a Docker engine on this machine. */
export interface DockerSandboxBackend extends SandboxBackend {
  abilities(options?: CallOptions): Promise<DockerAbilities>;
  create(spec: SandboxSpec, options?: CallOptions): Promise<DockerSandbox>;
  attach(id: string, options?: CallOptions): Promise<DockerSandbox>;
}

const readyMs = 30_000;
/** What the server of a box calls its socket. */
const boxSocket = "box.sock";
/** What a process that is not root runs its boxes as is itself, since it may hand files to nobody else. */

/**
 * Opens a backend on a Docker engine, and removes what killed processes left there. `unavailable` when the engine does not answer, or
 * does not have the runtime or one of `images`.
 */
export async function openDockerBackend(options: DockerBackendOptions = {}): Promise<DockerSandboxBackend> {
  return DockerBackend.open(options);
}

interface Settings {
  readonly docker: Docker;
  /** The same engine for what may take as long as it takes. */
  readonly patientDocker: Docker;
  readonly owner: string;
  readonly directory: BoxDirectory;
  readonly holder: string;
  readonly user: BoxUser;
  readonly hasDisks: boolean;
  /** Undefined where there can be none. */
  readonly memory: MemorySnapshots | undefined;
  readonly options: DockerBackendOptions;
}

class DockerBackend implements DockerSandboxBackend {
  readonly name = "docker";
  readonly #settings: Settings;
  readonly #lifetime = new Lifetime("The Docker backend");
  readonly #sandboxes = new Map<string, BoxSandbox>();
  /** What is being made, and whom to tell when its container ends meanwhile. */
  readonly #making = new Map<string, AbortController>();
  readonly #marks = new Map<string, string>();
  readonly #timers: NodeJS.Timeout[] = [];
  #events: EngineEvents | undefined;
  #sweeping: Promise<void> = Promise.resolve();

  private constructor(settings: Settings) {
    this.#settings = settings;
  }

  static async open(options: DockerBackendOptions): Promise<DockerBackend> {
    const { socketPath = "/var/run/docker.sock", owner = "default", leaseMs = 60_000, runtime, images = [] } = options;
    const docker = new Docker({ socketPath, timeout: options.engineTimeoutMs ?? 30_000 });
    const patientDocker = new Docker({ socketPath });
    await assertRuntime(docker, runtime);
    for (const image of images) await assertImage(docker, image);
    const user = newBoxUser();
    const holder = crypto.randomUUID();
    const path = options.directory ?? join(tmpdir(), `agentscope-${process.getuid?.() ?? 0}`);
    const directory = await BoxDirectory.open(path, holder, leaseMs);
    const hasDisks = await probeDisks(directory.box(`probe-${holder}`), user);
    const memory = await MemorySnapshots.open(patientDocker, runtime, directory.path);
    const backend = new DockerBackend({
      docker,
      patientDocker,
      owner,
      directory,
      holder,
      user,
      hasDisks,
      memory,
      options,
    });
    try {
      await backend.#begin(leaseMs);
    } catch (thrown) {
      await backend[Symbol.asyncDispose]();
      throw toDockerError(thrown, "open a backend");
    }
    return backend;
  }

  async abilities(options?: CallOptions): Promise<DockerAbilities> {
    this.#lifetime.assertOpen(options);
    const { hasDisks, memory, options: settings } = this.#settings;
    return {
      isolation: settings.runtime?.startsWith("runsc") === true ? "gvisor" : "container",
      missing: [],
      snapshots: memory === undefined ? "disk" : "memory",
      workspace: hasDisks ? "disk" : "memory",
    };
  }

  async create(spec: SandboxSpec, options?: CallOptions): Promise<DockerSandbox> {
    this.#lifetime.assertOpen(options);
    const resolved = resolveSandboxSpec(spec);
    const image = await this.#imageOf(resolved);
    const most = this.#settings.options.maxSandboxes ?? 100;
    if (this.#sandboxes.size + this.#making.size >= most) {
      const text = `There are ${most} sandboxes, which is all that this backend may have. Dispose one, or raise maxSandboxes.`;
      throw new RuntimeError("resource_exhausted", text, { details: { limit: most } });
    }
    const id = `${resolved.type.name.slice(0, 24)}-${crypto.randomUUID().slice(0, 13)}`.replaceAll(/-+/g, "-");
    const stop = new AbortController();
    this.#making.set(id, stop);
    const signal = options?.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    try {
      return await this.#make(id, { spec: resolved, image, signal });
    } catch (thrown) {
      signal.throwIfAborted();
      throw toDockerError(thrown, "make a sandbox");
    } finally {
      this.#making.delete(id);
    }
  }

  async attach(id: string, options?: CallOptions): Promise<DockerSandbox> {
    this.#lifetime.assertOpen(options);
    const ours = this.#sandboxes.get(id);
    if (ours !== undefined) return ours;
    const { docker, directory, owner, holder } = this.#settings;
    const none = new RuntimeError("not_found", `There is no sandbox ${id}.`);
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(id)) throw none;
    try {
      const container = docker.getContainer(`agentscope-${id}`);
      const { State, Config } = await container.inspect();
      const { [label.owner]: itsOwner, [label.directory]: itsDirectory } = Config.Labels;
      const folder = directory.box(id);
      const record = await folder.read();
      if (!State.Running || itsOwner !== owner || itsDirectory !== directory.path || record === undefined) throw none;
      const passedMs = State.Paused ? 0 : Date.now() - record.countedAt;
      const taken = {
        ...record,
        holder,
        paused: State.Paused,
        leftMs: record.leftMs - passedMs,
        countedAt: Date.now(),
      };
      await folder.write(taken);
      return await this.#join({ id, container, folder, record: taken }, options?.signal);
    } catch (thrown) {
      if (statusOf(thrown) === 404) throw none;
      throw toDockerError(thrown, "attach a sandbox");
    }
  }

  async list(options?: CallOptions): Promise<readonly SandboxRecord[]> {
    this.#lifetime.assertOpen(options);
    const { docker, owner, directory } = this.#settings;
    const filters = {
      label: [`${label.owner}=${owner}`, `${label.directory}=${directory.path}`, label.type],
      status: ["running", "paused"],
    };
    try {
      const containers = await docker.listContainers({ filters: JSON.stringify(filters) });
      return containers.map(({ Labels, State }) => ({
        id: Labels[label.sandbox] ?? "",
        type: Labels[label.type] ?? "",
        state: State === "paused" ? "paused" : "running",
        createdAt: Number(Labels[label.createdAt]),
        labels: JSON.parse(Labels[label.labels] ?? "{}") as Record<string, string>, // Our own text of one.
      }));
    } catch (thrown) {
      throw toDockerError(thrown, "list sandboxes");
    }
  }

  async deleteSnapshot(id: string, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    try {
      if (MemorySnapshots.isId(id)) await this.#settings.memory?.remove(id);
      else await removeSnapshot(this.#settings.docker, id);
    } catch (thrown) {
      throw toDockerError(thrown, "delete a snapshot");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    const error = this.#lifetime.error();
    for (const stop of this.#making.values()) stop.abort(error);
    await Promise.all([...this.#sandboxes.values()].map((sandbox) => sandbox[Symbol.asyncDispose]()));
    await this.#events?.[Symbol.asyncDispose]();
    await this.#sweep().catch(() => undefined); // What could not be removed while the engine was gone.
    await this.#settings.directory.close();
  }

  async #begin(leaseMs: number): Promise<void> {
    const { patientDocker, owner, directory } = this.#settings;
    this.#events = await EngineEvents.open(patientDocker, owner, {
      onEvent: (event) => {
        this.#onEvent(event);
      },
      onGone: () => {
        const gone = new RuntimeError(
          "unavailable",
          "Cannot make a sandbox: Docker has gone away meanwhile. Start it again.",
        );
        for (const stop of this.#making.values()) stop.abort(gone);
      },
      onReturn: () => this.#onReturn(),
    });
    this.#every(leaseMs / 4, () => directory.renew());
    this.#every(leaseMs, () => this.#sweep());
    await this.#sweep();
  }

  /** What fails now is tried again the next time. */
  #every(ms: number, work: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void work().catch(() => undefined), ms).unref());
  }

  #sweep(): Promise<void> {
    const { docker, directory, owner, holder } = this.#settings;
    const isOurs = (id: string): boolean => this.#sandboxes.has(id) || this.#making.has(id);
    const sweeping = this.#sweeping.then(() => sweep({ docker, directory, owner, holder, isOurs }));
    this.#sweeping = sweeping.catch(() => undefined);
    return sweeping;
  }

  async #make(
    id: string,
    {
      spec,
      image,
      signal,
    }: { readonly spec: ResolvedSandboxSpec; readonly image: string; readonly signal: AbortSignal },
  ): Promise<BoxSandbox> {
    const { docker, patientDocker, directory, holder, owner, user, hasDisks, memory, options } = this.#settings;
    const { snapshot } = spec;
    // What is restored goes on from its own memory; what begins from files is a new box.
    const restored = snapshot !== undefined && MemorySnapshots.isId(snapshot) ? snapshot : undefined;
    const folder = directory.box(id);
    const container = docker.getContainer(`agentscope-${id}`);
    const now = Date.now();
    const record: BoxRecord = {
      holder,
      type: spec.type.name,
      image: spec.type.image,
      egress: spec.egress,
      leftMs: spec.ttlMs,
      countedAt: now,
      paused: false,
    };
    try {
      signal.throwIfAborted();
      const prepare = async (): Promise<void> => {
        await folder.make(user);
        await folder.write(record);
        if (!hasDisks) return;
        if (restored === undefined) await makeDisk(folder, spec.limits.diskBytes, user);
        else if (memory !== undefined) await copyDisk(memory.diskImage(restored), folder);
      };
      const [facts] = await all([this.#imageFacts(image, spec), prepare()]);
      signal.throwIfAborted();
      const labels = {
        [label.owner]: owner,
        [label.directory]: directory.path,
        [label.sandbox]: id,
        [label.type]: spec.type.name,
        [label.createdAt]: String(now),
        [label.labels]: JSON.stringify(spec.labels),
      };
      const { runtime } = options;
      await docker.createContainer(
        containerOptions({ id, image, spec, folder, user, labels, hasDisk: hasDisks, runtime, ...facts }),
      );
      signal.throwIfAborted();
      if (restored === undefined) await container.start();
      else await memory?.start(restored, patientDocker.getContainer(container.id), { folder });
      const patience = AbortSignal.any([signal, AbortSignal.timeout(readyMs)]);
      await waitForSocket(folder.server, boxSocket, patience);
      return await this.#join({ id, container, folder, record }, patience);
    } catch (thrown) {
      const said = signal.aborted ? "" : await lastWords(container);
      if (await removeContainer(container)) await folder.remove();
      signal.throwIfAborted();
      if (said !== "") throw new RuntimeError("unavailable", `The sandbox did not start: ${said}`, { cause: thrown });
      throw thrown;
    }
  }

  async #imageOf({ type, snapshot }: ResolvedSandboxSpec): Promise<string> {
    if (snapshot === undefined) return type.image;
    if (!MemorySnapshots.isId(snapshot)) return snapshotImage(snapshot);
    const { memory, hasDisks } = this.#settings;
    if (memory === undefined)
      throw new RuntimeError("not_found", `There is no snapshot ${snapshot} that can be used here.`);
    const { image, hasDisk } = await memory.find(snapshot);
    if (hasDisk === hasDisks) return image;
    throw new RuntimeError(
      "unavailable",
      `Snapshot ${snapshot} was made where sandboxes have ${hasDisk ? "disks" : "none"}.`,
    );
  }

  async #imageFacts(image: string, spec: ResolvedSandboxSpec): Promise<{ readonly userNamespaces: boolean }> {
    try {
      const { Config } = await this.#settings.docker.getImage(image).inspect();
      const labels = Config.Labels as Readonly<Record<string, string>> | null; // The types forget that there may be none.
      return { userNamespaces: labels?.[label.userNamespaces] === "true" };
    } catch (thrown) {
      if (statusOf(thrown) !== 404) throw thrown;
      if (spec.snapshot !== undefined) throw new RuntimeError("not_found", `There is no snapshot ${spec.snapshot}.`);
      throw new RuntimeError("not_found", `There is no image ${image}. Build it, or pull it, on the engine's machine.`);
    }
  }

  /** Connects to a box that runs. */
  async #join({ id, container, folder, record }: Joining, signal: AbortSignal | undefined): Promise<BoxSandbox> {
    const { docker, patientDocker, owner, directory, hasDisks, memory, options } = this.#settings;
    const onRequest = options.onEgress ?? ((): void => undefined);
    const proxy = await EgressProxy.open({
      sandboxId: id,
      path: join(folder.egress, "proxy.sock"),
      rules: record.egress,
      onRequest,
      ...(options.resolveHost && { resolveHost: options.resolveHost }),
    });
    try {
      await folder.lock();
      const socket = await PinnedSocket.open(join(folder.server, boxSocket));
      await waitForListener(socket.path, AbortSignal.any([AbortSignal.timeout(readyMs), ...(signal ? [signal] : [])]));
      const life = new SandboxLife(id);
      let standing: Promise<unknown> = Promise.resolve();
      const takeMemory = async (snapshots: MemorySnapshots): Promise<SandboxSnapshot> => {
        const before = standing;
        const { promise, resolve } = Promise.withResolvers<undefined>();
        standing = promise; // Calls that come from now on wait.
        await before;
        try {
          const { Config } = await container.inspect();
          return await snapshots.take({
            container: patientDocker.getContainer(container.id),
            folder,
            socketPath: socket.path,
            socketName: join(folder.server, boxSocket),
            record: { image: Config.Image, hasDisk: hasDisks },
          });
        } finally {
          // It is another socket afterwards.
          const patience = AbortSignal.any([life.signal, AbortSignal.timeout(readyMs)]);
          await waitForSocket(folder.server, boxSocket, patience)
            .then(async () => folder.lock())
            .then(async () => socket.renew())
            .then(async () => waitForListener(socket.path, patience))
            .catch(() => undefined); // The next call says that it is gone.
          resolve(undefined);
        }
      };
      const box = await openBox(
        {
          id,
          type: record.type,
          transport: {
            get socketPath() {
              return socket.path;
            },
          },
          ...(memory && { callable: async () => standing }),
          ended: life.signal,
          explain: (lost) => life.explain(lost),
        },
        { ...(signal && { signal }) },
      );
      const sandbox = new BoxSandbox({
        docker,
        container,
        folder,
        proxy,
        box,
        socket,
        life,
        record,
        snapshot: async (given) =>
          memory === undefined
            ? takeSnapshot(
                {
                  docker: patientDocker,
                  container: patientDocker.getContainer(container.id),
                  image: record.image,
                  owner,
                  directory: directory.path,
                },
                given ?? {},
              )
            : takeMemory(memory),
        onGone: () => {
          this.#sandboxes.delete(id);
          this.#marks.delete(id);
        },
      });
      this.#sandboxes.set(id, sandbox);
      return sandbox;
    } catch (thrown) {
      await proxy[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  #onEvent({ sandboxId, action, attributes }: EngineEvent): void {
    if (action === "oom" || action === "kill") this.#marks.set(sandboxId, action);
    if (action !== "die") return;
    const end = endOf({ mark: this.#marks.get(sandboxId), exitCode: attributes["exitCode"] ?? "unknown" });
    this.#making.get(sandboxId)?.abort(new RuntimeError("unavailable", `The sandbox did not start: ${end.message}`));
    void this.#sandboxes.get(sandboxId)?.end(end);
  }

  /** What has ended while the engine was gone, ended with it. */
  async #onReturn(): Promise<void> {
    const there = new Set((await this.list()).map(({ id }) => id));
    for (const [id, sandbox] of this.#sandboxes) {
      if (!there.has(id))
        void sandbox.end({ reason: "engine_lost", message: "the Docker engine went away, and it with it." });
    }
    await this.#sweep();
  }
}

interface Joining {
  readonly id: string;
  readonly container: Docker.Container;
  readonly folder: BoxFolder;
  readonly record: BoxRecord;
}

async function probeDisks(folder: BoxFolder, user: BoxUser): Promise<boolean> {
  try {
    await folder.make(user);
    return await canMakeDisks(folder, user);
  } finally {
    await folder.remove();
  }
}

/** All results, or the first failure once none of the others runs any more. */
async function all<A, B>(works: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}

/** The end of what a container printed that runs no more; "" while it runs, or when it said nothing. */
async function lastWords(container: Docker.Container): Promise<string> {
  try {
    const { State } = await container.inspect();
    if (State.Running || State.Status === "created") return "";
    const logs = await container.logs({ stdout: true, stderr: true, tail: 20 });
    return (
      logs
        .toString()
        .replaceAll(/[^\P{C}\n]/gu, "")
        .trim()
        .slice(-1000) || `exit code ${State.ExitCode}`
    );
  } catch {
    return ""; // It was never made, or the engine is gone.
  }
}

async function assertRuntime(docker: Docker, runtime: string | undefined): Promise<void> {
  try {
    const { Runtimes = {} } = (await docker.info()) as { readonly Runtimes?: Readonly<Record<string, unknown>> }; // The engine's own answer.
    if (runtime === undefined || runtime in Runtimes) return;
    const there = Object.keys(Runtimes).join(", ");
    throw new RuntimeError(
      "unavailable",
      `Docker has no runtime ${runtime}, but ${there}. Register it in daemon.json.`,
    );
  } catch (thrown) {
    throw toDockerError(thrown, "open a backend");
  }
}

async function assertImage(docker: Docker, image: string): Promise<void> {
  try {
    await docker.getImage(image).inspect();
  } catch (thrown) {
    if (statusOf(thrown) !== 404) throw toDockerError(thrown, "open a backend");
    throw new RuntimeError("unavailable", `Docker has no image ${image}. Build it, or pull it.`);
  }
}
