import { join } from "node:path";
import type { ContainerCreateOptions } from "dockerode";
import type { ResolvedSandboxSpec } from "@agentscope-runtime/sandbox";
import type { BoxFolder } from "./box-directory.ts";
import type { BoxUser } from "./box-user.ts";
import { seccompProfile } from "./seccomp-profile.ts";
import { writableFolders } from "./workspace-disk.ts";

/** Names of the labels on everything that belongs to a sandbox. */
export const label = {
  owner: "agentscope-runtime.owner",
  directory: "agentscope-runtime.directory",
  sandbox: "agentscope-runtime.sandbox",
  type: "agentscope-runtime.type",
  createdAt: "agentscope-runtime.created-at",
  labels: "agentscope-runtime.labels",
  /** On images: Chromium's sandbox needs user namespaces. */
  userNamespaces: "agentscope-runtime.user-namespaces",
  /** On snapshots: the image that their sandbox began from. */
  origin: "agentscope-runtime.origin",
} as const;

/** Where the box finds its two sockets. */
const insideServer = "/run/agentscope/box";
const insideEgress = "/run/agentscope/egress";
const proxyUrl = "http://127.0.0.1:3128";

export interface ContainerFacts {
  readonly id: string;
  readonly image: string;
  readonly spec: ResolvedSandboxSpec;
  readonly folder: BoxFolder;
  readonly user: BoxUser;
  readonly labels: Readonly<Record<string, string>>;
  readonly userNamespaces: boolean;
  readonly hasDisk: boolean;
  readonly runtime: string | undefined;
}

/** gVisor's own threads count too, and its kernel holds the box's processes anyway. */
const gvisorProcesses = 2000;
const mib = 1024 * 1024;

/** A container that can do as little as possible, and uses up no more than it may. */
export function containerOptions(facts: ContainerFacts): ContainerCreateOptions {
  const { id, image, spec, folder, user, runtime } = facts;
  const { memoryBytes, cpus, processes } = spec.limits;
  return {
    name: `agentscope-${id}`,
    Hostname: "sandbox",
    Image: image,
    User: `${user.uid}:${user.gid}`,
    WorkingDir: writableFolders.workspace,
    Env: Object.entries(environmentOf(id, spec)).map(([name, value]) => `${name}=${value}`),
    Labels: { ...facts.labels },
    NetworkDisabled: true,
    HostConfig: {
      NetworkMode: "none",
      CapDrop: ["ALL"],
      SecurityOpt: [
        "no-new-privileges",
        `seccomp=${JSON.stringify(seccompProfile({ userNamespaces: facts.userNamespaces }))}`,
      ],
      ReadonlyRootfs: true,
      Privileged: false,
      // The first process takes in what others leave, and its end is the container's.
      Init: true,
      IpcMode: "private",
      Memory: memoryBytes,
      MemorySwap: memoryBytes, // As much as the memory alone: no swap.
      NanoCpus: Math.round(cpus * 1e9),
      PidsLimit: runtime === undefined ? processes : Math.max(processes, gvisorProcesses),
      OomScoreAdj: 500, // When the host itself runs out, boxes go first.
      ShmSize: Math.min(256 * mib, Math.floor(memoryBytes / 4)),
      Ulimits: [
        { Name: "nofile", Soft: 8192, Hard: 8192 },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      // What the first process prints is bounded as well.
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "1" } },
      RestartPolicy: { Name: "" },
      Binds: [
        `${folder.server}:${insideServer}:rw`,
        `${folder.egress}:${insideEgress}:ro`,
        ...(facts.hasDisk ? diskBinds(folder) : []),
      ],
      ...(facts.hasDisk ? {} : { Tmpfs: temporaryFolders(spec, user) }),
      ...(runtime !== undefined && { Runtime: runtime }),
    },
  };
}

function environmentOf(id: string, spec: ResolvedSandboxSpec): Readonly<Record<string, string>> {
  const { name, mcpServers = {} } = spec.type;
  return {
    // What the server inside is to be; it hands on the rest to what it runs.
    AGENTSCOPE_BOX: JSON.stringify({ id, type: name, mcpServers }),
    HOME: writableFolders.home,
    LANG: "C.UTF-8",
    http_proxy: proxyUrl,
    https_proxy: proxyUrl,
    HTTP_PROXY: proxyUrl,
    HTTPS_PROXY: proxyUrl,
    no_proxy: "localhost,127.0.0.1,::1",
    NO_PROXY: "localhost,127.0.0.1,::1",
    NODE_USE_ENV_PROXY: "1",
    ...spec.environment,
  };
}

function diskBinds(folder: BoxFolder): string[] {
  return Object.entries(writableFolders).map(([name, inside]) => `${join(folder.disk, name)}:${inside}:rw`);
}

/** Counted as memory. */
function temporaryFolders(
  { limits: { diskBytes } }: ResolvedSandboxSpec,
  { uid, gid }: BoxUser,
): Record<string, string> {
  const options = (bytes: number): string => `rw,nosuid,nodev,exec,mode=700,uid=${uid},gid=${gid},size=${bytes}`;
  const part = Math.min(diskBytes, 512 * mib);
  return {
    [writableFolders.workspace]: options(diskBytes),
    [writableFolders.home]: options(part),
    [writableFolders.tmp]: options(part),
  };
}
