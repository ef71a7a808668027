import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import type { ConditionalCheck, Contract } from "@agentscope-runtime/services/testing";
import type { CommandResult } from "../exec.ts";
import type { OwnedSandbox, Sandbox } from "../sandbox.ts";
import type { SandboxBackend } from "../sandbox-backend.ts";
import type { SandboxSpec } from "../sandbox-spec.ts";

const mib = 1024 * 1024;

/** A backend whose sandboxes keep what is in them from the host and from each other. */
export interface AttackSubject {
  readonly backend: SandboxBackend;
  /** Of sandboxes with a Python that have at most 384 MiB of memory, 128 MiB of disk, 128 processes and one processor. */
  readonly spec: SandboxSpec;
  /** Another sandbox, which must not notice. */
  readonly neighbour: Sandbox;
  /** Absolute paths of folders whose size is limited, as the sandbox sees them. */
  readonly folders: readonly string[];
  /** The user that commands run as. */
  readonly uid: number;
  /** Its kernel is its own, so that what it does with a system call says nothing of the host's. Default false. */
  readonly hasOwnKernel?: boolean;
}

type Attempt = (sandbox: OwnedSandbox, subject: AttackSubject) => Promise<void>;

/** Tried in a sandbox of its own. */
function attack(attempt: Attempt, change: Partial<SandboxSpec> = {}): ConditionalCheck<AttackSubject> {
  return {
    check: async (subject) => {
      await using sandbox = await subject.backend.create({ ...subject.spec, ...change });
      await attempt(sandbox, subject);
      expect((await subject.neighbour.runShellCommand("echo fine")).stdout).toBe("fine\n");
    },
    timeoutMs: 60_000,
  };
}

/** What a sandbox does to whoever attacks from inside. The host and other sandboxes go on. */
export const attackContract: Contract<AttackSubject> = {
  "contains a fork bomb": attack(async (sandbox) => {
    const bomb = sandbox.runShellCommand(":(){ :|:& };:; sleep 2", { timeoutMs: 4000 });
    await bomb.catch(() => undefined); // Whether its shell gets to its end does not matter.
  }),

  "contains a memory bomb": attack(async (sandbox) => {
    const code = "x = bytearray(1 << 30)\nfor i in range(0, 1 << 30, 4096): x[i] = 1";
    await isRefusedMemory(sandbox, `python3 -c '${code}'`);
  }),

  "contains a memory bomb in shared memory": attack(async (sandbox) => {
    await isRefusedMemory(sandbox, "head -c 1G /dev/zero >/dev/shm/x");
  }),

  "contains what fills the disk": attack(async (sandbox, { folders }) => {
    for (const folder of folders) {
      const { exitCode, stderr } = await sandbox.runShellCommand(`head -c 400M /dev/zero >${folder}/big`);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("No space left");
      await sandbox.runShellCommand(`rm -f ${folder}/big`);
    }
    expect((await sandbox.runShellCommand("echo on >again; cat again")).stdout).toBe("on\n");
  }),

  "contains what fills the disk with files of nothing": attack(
    async (sandbox) => {
      const code = "import os\nos.mkdir('f')\nfor i in range(1000000): os.close(os.open(f'f/{i}', os.O_CREAT))";
      const { stderr } = await sandbox.runShellCommand("python3 -", { stdin: code, timeoutMs: 25_000 });
      expect(stderr).toContain("No space left");
    },
    { limits: { diskBytes: 16 * mib } },
  ),

  "contains what fills memory through any folder that it finds": attack(async (sandbox) => {
    // The sandbox may end of it, or the command; the host's memory is what must not.
    const script = `for d in $(find / -xdev -type d -writable 2>/dev/null; cut -d" " -f5 /proc/self/mountinfo; echo /dev /run /var/tmp); do
      (head -c 1G /dev/zero >$d/bomb) 2>/dev/null && echo $d; rm -f $d/bomb 2>/dev/null; done; true`;
    const { stdout } = await sandbox.runShellCommand(script, { timeoutMs: 40_000 }).catch(() => ({ stdout: "" }));
    expect(stdout).toBe("");
  }),

  "ends a flood of output": attack(async (sandbox) => {
    const { stopped, stdout } = await sandbox.runShellCommand("yes flood", { maxOutputBytes: 1 * mib });
    expect(stopped).toBe("output_limit");
    expect(stdout.length).toBeLessThanOrEqual(1 * mib);
  }),

  "lets nobody burn more of the processors than given": attack(
    async (sandbox) => {
      const burner = "timeout 3 sh -c 'while :; do :; done'";
      const started = performance.now();
      const { stdout } = await sandbox.runShellCommand(`${burner} & ${burner}; wait; times`);
      const seconds = (performance.now() - started) / 1000;
      // A kernel in a sandbox counts roughly. Without the limit it would be all of the one processor.
      expect(childSeconds(stdout)).toBeLessThan(seconds * 0.5 * 1.5 + 0.2);
    },
    { limits: { cpus: 0.5 } },
  ),

  "lets nobody write outside of the sandbox's folders": attack(async (sandbox) => {
    const files = "/etc/passwd /proc/sys/kernel/core_pattern /proc/sysrq-trigger /sys/kernel/uevent_helper";
    const folders = [
      "",
      "/etc",
      "/usr/bin",
      "/opt",
      "/opt/agentscope",
      "/root",
      "/home",
      "/run",
      "/var/tmp",
      "/sys/fs/cgroup",
    ];
    const places = [files, ...folders.map((folder) => `${folder}/x`)].join(" ");
    const { stdout } = await sandbox.runShellCommand(
      `for p in ${places}; do (echo x >>$p) 2>/dev/null && echo $p; done; true`,
    );
    expect(stdout).toBe("");
  }),

  "gives no powers of root": attack(async (sandbox, { uid, hasOwnKernel = false }) => {
    const { stdout } = await sandbox.runShellCommand(`
      id -u; grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | cut -f2 | sort -u; grep NoNewPrivs /proc/self/status | cut -f2
      mknod /tmp/vda b 254 0 2>/dev/null && echo mknod; chown 0 . 2>/dev/null && echo chown
      su -c id 2>/dev/null; sudo -n id 2>/dev/null
      ls /var/run/docker.sock /dev/vda /dev/mem /dev/kmsg ${hasOwnKernel ? "" : "/dev/fuse"} /dev/kvm 2>/dev/null; echo done`);
    const noNewPrivileges = hasOwnKernel ? [] : ["1"]; // gVisor does not say so.
    expect(stdout.split("\n")).toEqual([String(uid), "0000000000000000", ...noNewPrivileges, "done", ""]);
  }),

  "refuses system calls that lead out": attack(async (sandbox, { hasOwnKernel = false }) => {
    const allowed = (await python(sandbox, refusedCalls)).stdout;
    const ofItsOwn = ["ptrace was allowed", "unshare was allowed", "mbind was allowed", "done", ""];
    if (hasOwnKernel) expect(ofItsOwn).toEqual(expect.arrayContaining(allowed.split("\n")));
    else expect(allowed).toBe("done\n");
    expect((await python(sandbox, refusedSockets)).stdout).toBe("done\n");
  }),

  "has no network but what it was given": attack(async (sandbox) => {
    const site = await listen();
    try {
      const { port } = site.address() as AddressInfo; // A TCP server's.
      // The second is that of Docker's bridge.
      const hosts = ["127.0.0.1", "172.17.0.1", ...hostAddresses(), "1.1.1.1", "169.254.169.254"];
      const code = `
import socket
for line in list(open('/proc/net/dev'))[2:]: print(line.split(':')[0].strip())
socket.setdefaulttimeout(2)
for host in ${JSON.stringify(hosts)}:
    try: socket.create_connection((host, ${port})).close(); print(host)
    except OSError: pass
try: socket.getaddrinfo('example.com', 80); print('dns')
except OSError: pass
try: socket.socket(2, 2).sendto(b'x', ('8.8.8.8', 53)); print('udp')
except OSError: pass`;
      expect((await python(sandbox, code)).stdout).toBe("lo\n");
    } finally {
      site.close();
    }
  }),

  "shows nothing of the host's processes, nor of another sandbox": attack(async (sandbox, { neighbour }) => {
    const secret = `secret-${crypto.randomUUID()}`;
    await neighbour.files.write("secret.txt", secret);
    const theirs = neighbour.runShellCommand(`sleep 20 # ${secret}`, { timeoutMs: 20_000 });
    const look = `
      grep -l . /proc/[0-9]*/cmdline 2>/dev/null | wc -l
      cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c ${secret.slice(0, -1)}[${secret.slice(-1)}]
      find / -xdev -name secret.txt 2>/dev/null; for root in /proc/[0-9]*/root; do cat "$root/workspace/secret.txt"; done 2>/dev/null
      kill -0 ${process.pid} 2>/dev/null && test -e /proc/${process.pid}/exe && echo host; true`;
    const [count, ...seen] = (await sandbox.runShellCommand(look)).stdout.split("\n");
    expect(Number(count)).toBeLessThan(30);
    expect(seen).toEqual(["0", ""]);
    await neighbour.runShellCommand("pkill sleep || kill $(pidof sleep)");
    await theirs;
  }),

  "goes on, or says that it has ended, when its first process is killed": attack(async (sandbox) => {
    await sandbox.runShellCommand("kill -9 1; kill -TERM 1; sleep 0.2").catch(() => undefined);
    const { exitCode } = await sandbox.runShellCommand("kill -9 1; true").catch(() => ({ exitCode: -1 }));
    if (exitCode === 0) return; // It goes on.
    expect(await sandbox.ended).toMatchObject({ reason: expect.stringMatching(/exited|killed/) as string });
  }),

  "says that it has ended when everything in it is killed": attack(async (sandbox) => {
    await expect(sandbox.runShellCommand("kill -9 -1; sleep 60")).rejects.toMatchObject({ code: "not_found" });
    expect(await sandbox.ended).toMatchObject({ reason: expect.stringMatching(/exited|killed/) as string });
  }),
};

/** System calls that must fail, by number, each with arguments that a willing kernel would not call wrong first. */
const refusedCalls = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
numbers = dict(
    io_uring_setup=425, io_uring_enter=426, ptrace=101, process_vm_readv=310, process_vm_writev=311, keyctl=250, add_key=248,
    request_key=249, bpf=321, perf_event_open=298, userfaultfd=323, kcmp=312, pidfd_getfd=438, mount=165, umount2=166,
    pivot_root=155, chroot=161, setns=308, unshare=272, fsopen=430, open_tree=428, move_mount=429, init_module=175,
    finit_module=313, delete_module=176, kexec_load=246, reboot=169, settimeofday=164, clock_settime=227, adjtimex=159,
    swapon=167, swapoff=168, sethostname=170, syslog=103, acct=163, quotactl=179, open_by_handle_at=304,
    name_to_handle_at=303, fanotify_init=300, iopl=172, ioperm=173, modify_ldt=154, mbind=237, move_pages=279,
    lookup_dcookie=212, vhangup=153,
)
for name, number in numbers.items():
    if name == "ptrace": result = libc.syscall(number, 0, 0, 0, 0)
    elif name == "unshare": result = libc.syscall(number, 0x10000000)
    elif name == "io_uring_setup": result = libc.syscall(number, 8, ctypes.create_string_buffer(256))
    elif name == "userfaultfd": result = libc.syscall(number, 1)
    else: result = libc.syscall(number, 0, 0, 0, 0, 0)
    if result != -1: print(name, "was allowed")
clone = libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)
if clone == 0: os._exit(0)
if clone != -1: print("clone into a user namespace was allowed")
print("done")
`;

const refusedSockets = `
import socket
for family, kind, protocol in [(17, 3, 768), (16, 3, 12), (16, 3, 6), (38, 5, 0), (40, 1, 0), (2, 3, 1), (31, 3, 1), (29, 3, 1)]:
    try:
        socket.socket(family, kind, protocol)
        print(family, protocol, "was allowed")
    except OSError: pass
print("done")
`;

async function python(sandbox: Sandbox, code: string): Promise<CommandResult> {
  return sandbox.runShellCommand("python3 -", { stdin: code, timeoutMs: 25_000 });
}

/** The command is killed, or its sandbox ends and says why. */
async function isRefusedMemory(sandbox: OwnedSandbox, command: string): Promise<void> {
  try {
    const { exitCode } = await sandbox.runShellCommand(command, { timeoutMs: 20_000 });
    expect(exitCode).not.toBe(0);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "not_found", details: { reason: "out_of_memory" } });
    expect(await sandbox.ended).toMatchObject({ reason: "out_of_memory" });
  }
}

/** The second line of a shell's `times`: what its children used, such as `0m1.480s 0m0.010s`. */
function childSeconds(times: string): number {
  const parts = times.trim().split("\n").at(-1)?.split(" ") ?? [];
  return parts
    .map((part) => /^(\d+)m([\d.]+)s$/.exec(part) ?? [])
    .reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

/** Answers on every address of the host. */
async function listen(): Promise<Server> {
  const server = createServer((_, response) => response.end("the host's service\n")).listen(0, "0.0.0.0");
  await once(server, "listening");
  return server;
}

function hostAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address);
}
