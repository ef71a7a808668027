import { existsSync, lstatSync, readlinkSync } from "node:fs";

/** Where things are inside of a box. */
export const boxPaths = {
  workspace: "/workspace",
  /** Git's directory for the workspace's history. */
  history: "/history",
  /** Pipes of commands, and the relay's socket. */
  run: "/run/box",
  node: "/opt/node/bin",
} as const;

/** What pipes without content need. */
const runBytes = 4 * 1024 * 1024;

/** The only user of a box. */
export const boxUser = { uid: 1000, gid: 1000, name: "sandbox" } as const;

export const boxHostname = "sandbox";

/** Descriptors that `bwrap` reads from or writes to. */
export const boxDescriptors = { info: 3, seccomp: 4, passwd: 5, group: 6, hosts: 7, words: 8, hostname: 9 } as const;

/** What a box has of the host's programs; `/bin` and the like are links on most systems. */
const roots = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** What programs read of the host's settings. No passwords, no names, no addresses. */
const settings = [
  "alternatives",
  "ca-certificates",
  "ca-certificates.conf",
  "debian_version",
  "fonts",
  "java",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "magic",
  "mime.types",
  "os-release",
  "pki/ca-trust",
  "pki/tls/certs",
  "profile",
  "protocols",
  "python3",
  "python3.11",
  "python3.12",
  "python3.13",
  "services",
  "ssl/certs",
  "ssl/openssl.cnf",
].map((name) => `/etc/${name}`);

export interface BwrapOptions {
  /** The directory with `workspace`, `history` and `run` of this box; without one, they are in the box's own memory. */
  readonly directory: string | undefined;
  /** What the workspace and the history may hold together, where they are in the box's memory. */
  readonly diskBytes: number;
  /** What `/tmp` and `/dev/shm` may hold, each. */
  readonly temporaryBytes: number;
  /** The Node to give it, or none. */
  readonly node: string | undefined;
  /** More of the host's directories and files, at the same paths, read-only. */
  readonly readOnly?: readonly string[];
  readonly hasSeccomp: boolean;
}

/** Walls around a shell that waits for what to run: all namespaces, no capabilities, nothing of the host that can be written. */
export function bwrapArguments(options: BwrapOptions): readonly string[] {
  const { directory, diskBytes, temporaryBytes, node, readOnly = [], hasSeccomp } = options;
  const { uid, gid } = boxUser;
  const files = boxDescriptors;
  const ours = [boxPaths.workspace, boxPaths.history, boxPaths.run];
  const sizes = [diskBytes, diskBytes, runBytes];
  const steps: readonly (readonly (string | number)[])[] = [
    ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"],
    ["--uid", uid, "--gid", gid, "--hostname", boxHostname],
    ["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"],
    ["--info-fd", files.info],
    hasSeccomp ? ["--seccomp", files.seccomp] : [],
    ...roots.map(rootArguments),
    ...settings.filter((path) => existsSync(path)).map((path) => ["--ro-bind", path, path]),
    ["--file", files.passwd, "/etc/passwd", "--file", files.group, "/etc/group"],
    ["--file", files.hosts, "/etc/hosts", "--file", files.hostname, "/etc/hostname"],
    node === undefined ? [] : ["--ro-bind", node, `${boxPaths.node}/node`],
    ["--proc", "/proc", "--dev", "/dev"],
    temporary("/dev/shm", temporaryBytes, "1777"),
    temporary("/tmp", temporaryBytes, "1777"),
    ...ours.map((path, index) =>
      directory === undefined
        ? temporary(path, sizes[index] ?? 0, "0755")
        : ["--bind", `${directory}/${nameOf(path)}`, path],
    ),
    // Last: what was put there before would hide them.
    ...readOnly.map((path) => ["--ro-bind", path, path]),
    ["--remount-ro", "/", "--chdir", boxPaths.workspace],
  ];
  return steps.flat().map(String);
}

function temporary(path: string, bytes: number, mode: string): readonly string[] {
  return ["--perms", mode, "--size", String(Math.max(4096, Math.floor(bytes))), "--tmpfs", path];
}

/** What a box's directory is called that is at this path inside. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function rootArguments(path: string): readonly string[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  return stats.isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
}
