import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { describeWithDocker, describeWithGvisor } from "@agentscope-runtime-tooling/docker";
import type { CommandResult, SandboxSpec } from "@agentscope-runtime/sandbox";
import type { DockerSandbox } from "./index.ts";
import { openTestBackend, specOn } from "./testing/test-backend.ts";
import type { TestBackend } from "./testing/test-backend.ts";

const mib = 1024 * 1024;
const docker = new Docker({ socketPath: "/var/run/docker.sock" });

/** Each is tried in a sandbox of its own. Another one, and the host, must not notice. */
interface Attack {
  readonly spec?: Partial<SandboxSpec>;
  readonly attempt: (sandbox: DockerSandbox, place: Place) => Promise<void>;
}

interface Place extends TestBackend {
  /** gVisor is a kernel of its own inside: what it does with a call says nothing of the host's. */
  readonly isGvisor: boolean;
}

const python = (sandbox: DockerSandbox, code: string): Promise<CommandResult> =>
  sandbox.runShellCommand("python3 -", { stdin: code, timeoutMs: 20_000 });

/** System calls that must fail, by number, each with arguments that a willing kernel would not call wrong first. */
const refusedCalls = `
import ctypes, os, platform
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

const attacks: Readonly<Record<string, Attack>> = {
  "a fork bomb": {
    attempt: async (sandbox) => {
      const bomb = sandbox.runShellCommand(":(){ :|:& };:; sleep 2", { timeoutMs: 4000 });
      await bomb.catch(() => undefined); // Whether its shell gets to its end does not matter.
    },
  },
  "a memory bomb": {
    attempt: async (sandbox) => {
      await isRefusedMemory(sandbox, "python3 -c 'x = bytearray(1 << 30)\nfor i in range(0, 1 << 30, 4096): x[i] = 1'");
    },
  },
  "a memory bomb in shared memory": {
    attempt: async (sandbox) => {
      await isRefusedMemory(sandbox, "head -c 1G /dev/zero >/dev/shm/x");
    },
  },
  "filling the disk": {
    attempt: async (sandbox) => {
      for (const folder of ["/workspace", "$HOME", "/tmp"]) {
        const { exitCode, stderr } = await sandbox.runShellCommand(`head -c 400M /dev/zero >${folder}/big`);
        expect(exitCode).not.toBe(0);
        expect(stderr).toContain("No space left");
      }
      await sandbox.runShellCommand("rm -f /workspace/big ~/big /tmp/big");
      expect((await sandbox.runShellCommand("echo on >again; cat again")).stdout).toBe("on\n");
    },
  },
  "filling the disk with files of nothing": {
    spec: { limits: { diskBytes: 16 * mib } },
    attempt: async (sandbox) => {
      const code = "import os\nos.mkdir('f')\nfor i in range(1000000): os.close(os.open(f'f/{i}', os.O_CREAT))";
      const { stderr } = await sandbox.runShellCommand("python3 -", { stdin: code, timeoutMs: 25_000 });
      expect(stderr).toContain("No space left");
    },
  },
  "a flood of output": {
    attempt: async (sandbox) => {
      const { stopped, stdout } = await sandbox.runShellCommand("yes flood", { maxOutputBytes: 1 * mib });
      expect(stopped).toBe("output_limit");
      expect(stdout.length).toBeLessThanOrEqual(1 * mib);
    },
  },
  "a flood of the container's own log": {
    attempt: async (sandbox) => {
      await sandbox.runShellCommand("head -c 30M /dev/zero | tr '\\0' 'x' | fold >/proc/1/fd/1", { timeoutMs: 20_000 });
      const { LogPath } = await docker.getContainer(`agentscope-${sandbox.id}`).inspect();
      const { size } = await stat(LogPath).catch(() => ({ size: 0 }));
      expect(size).toBeLessThan(3 * mib);
    },
  },
  "burning the processor": {
    spec: { limits: { cpus: 0.5 } },
    attempt: async (sandbox) => {
      const before = await processorSeconds(sandbox);
      const started = Date.now();
      await sandbox.runShellCommand("timeout 3 sh -c 'while :; do :; done' & timeout 3 sh -c 'while :; do :; done'");
      const used = (await processorSeconds(sandbox)) - before;
      expect(used).toBeLessThan(((Date.now() - started) / 1000) * 0.5 * 1.2 + 0.2);
    },
  },
  "writing outside of its own folders": {
    attempt: async (sandbox) => {
      const places =
        "/etc/x /usr/bin/x /opt/agentscope/x /run/x /var/tmp/x /root/x /proc/sys/kernel/core_pattern /proc/sysrq-trigger";
      const { stdout } = await sandbox.runShellCommand(
        `for p in ${places} /sys/fs/cgroup/x /sys/kernel/uevent_helper /dev/x; do (echo x >$p) 2>/dev/null && echo $p; done; true`,
      );
      expect(stdout).toBe("");
    },
  },
  "powers of root": {
    attempt: async (sandbox, { isGvisor }) => {
      const { stdout } = await sandbox.runShellCommand(`
        id -u; grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status | cut -f2 | sort -u; grep NoNewPrivs /proc/self/status | cut -f2
        mknod /tmp/vda b 254 0 2>/dev/null && echo mknod; chown 0 /workspace 2>/dev/null && echo chown
        find / -xdev -perm /6000 -type f 2>/dev/null; su -c id 2>/dev/null; sudo -n id 2>/dev/null
        ls /var/run/docker.sock /dev/vda /dev/mem /dev/kmsg ${isGvisor ? "" : "/dev/fuse"} /dev/kvm 2>/dev/null; echo done`);
      const noNewPrivileges = isGvisor ? [] : ["1"]; // gVisor does not say so.
      expect(stdout.split("\n")).toEqual(["1000", "0000000000000000", ...noNewPrivileges, "done", ""]);
    },
  },
  "system calls that lead out": {
    attempt: async (sandbox, { isGvisor }) => {
      const ofGvisor = ["ptrace was allowed", "unshare was allowed", "mbind was allowed", "done", ""];
      const { stdout } = await python(sandbox, refusedCalls);
      if (isGvisor) expect(ofGvisor).toEqual(expect.arrayContaining(stdout.split("\n")));
      else expect(stdout).toBe("done\n");
      expect((await python(sandbox, refusedSockets)).stdout).toBe("done\n");
    },
  },
  "reaching the network past the proxy": {
    attempt: async (sandbox) => {
      const site = await listen();
      try {
        const port = (site.address() as AddressInfo).port; // A TCP server's.
        const hosts = ["127.0.0.1", "172.17.0.1", ...hostAddresses(), "1.1.1.1", "169.254.169.254"];
        const { stdout } = await sandbox.runShellCommand(
          `tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; for h in ${hosts.join(" ")}; do curl -s -m 2 --noproxy '*' http://$h:${port}/ && echo $h; done
           python3 -c "import socket; socket.setdefaulttimeout(2); socket.getaddrinfo('example.com', 80)" 2>/dev/null && echo dns
           python3 -c "import socket; s=socket.socket(2,2); s.sendto(b'x',('8.8.8.8',53))" 2>/dev/null && echo udp; true`,
          { timeoutMs: 25_000 },
        );
        expect(stdout).toBe("lo\n");
      } finally {
        site.close();
      }
    },
  },
  "reaching the host through the proxy": {
    spec: { egress: [{ host: "*.example.com" }, { host: "localhost" }] },
    attempt: async (sandbox) => {
      const site = await listen();
      try {
        const port = (site.address() as AddressInfo).port; // A TCP server's.
        const urls = ["http://127.0.0.1", "http://localhost", "http://169.254.169.254", "http://[::1]", "http://2130706433", "https://127.0.0.1", "http://0x7f.1"]; // prettier-ignore
        for (const url of urls) {
          const script = `curl -s -m 5 -o /dev/null -w '%{http_code} %{http_connect}' --noproxy '' -x http://127.0.0.1:3128 ${url}:${port}/`;
          expect((await sandbox.runShellCommand(script)).stdout).toMatch(/^(403 000|000 403)$/);
        }
        const fronted = `curl -s -m 5 -o /dev/null -w '%{http_code}' --noproxy '' -x http://127.0.0.1:3128 -H 'Host: a.example.com' http://127.0.0.1:${port}/`;
        expect((await sandbox.runShellCommand(fronted)).stdout).toBe("403");
      } finally {
        site.close();
      }
    },
  },
  "reading another sandbox's socket": {
    attempt: async (sandbox, opened) => {
      const { stdout } = await sandbox.runShellCommand(
        `find / -xdev -name '*.sock' 2>/dev/null; find /run -name '*.sock'; ls ${opened.directory} 2>/dev/null; ls /proc/1/root/tmp`,
      );
      const found = stdout.split("\n").filter((line) => line.includes("sock"));
      expect(new Set(found)).toEqual(new Set(["/run/agentscope/box/box.sock", "/run/agentscope/egress/proxy.sock"]));
      for (const id of await readdir(join(opened.directory, "boxes"))) {
        for (const part of ["box", "egress", "disk"]) {
          expect((await stat(join(opened.directory, "boxes", id, part))).mode & 0o077).toBe(0);
        }
      }
      expect((await stat(opened.directory)).mode & 0o077).toBe(0);
    },
  },
  "a link to the engine's socket in the place of its own": {
    attempt: async (sandbox, opened) => {
      await sandbox.runShellCommand("cd /run/agentscope/box && rm box.sock && ln -s /var/run/docker.sock box.sock");
      expect((await sandbox.runShellCommand("echo still the box")).stdout).toBe("still the box\n");
      await using peer = await opened.openPeer();
      await expect(peer.attach(sandbox.id)).rejects.toMatchObject({ code: "unavailable" });
    },
  },
  "killing the first process": {
    attempt: async (sandbox) => {
      await sandbox.runShellCommand("kill -9 1; kill -TERM 1; sleep 0.2").catch(() => undefined);
      const { exitCode } = await sandbox.runShellCommand("kill -9 1; true").catch(() => ({ exitCode: -1 }));
      if (exitCode === 0) return; // It goes on.
      expect(await sandbox.ended).toMatchObject({ reason: expect.stringMatching(/exited|killed/) as string });
    },
  },
  "killing everything it can": {
    attempt: async (sandbox) => {
      await expect(sandbox.runShellCommand("kill -9 -1; sleep 60")).rejects.toMatchObject({ code: "not_found" });
      expect(await sandbox.ended).toMatchObject({ reason: "exited" });
    },
  },
};

function tryAll(runtime: string | undefined, image: () => string): void {
  let opened: Place;
  let neighbour: DockerSandbox;
  beforeAll(async () => {
    const test = await openTestBackend(runtime === undefined ? {} : { runtime });
    opened = { ...test, isGvisor: (await test.backend.abilities()).isolation === "gvisor" };
    neighbour = await opened.backend.create(specOn(image()));
  });
  afterAll(() => opened[Symbol.asyncDispose]());

  for (const [name, { spec, attempt }] of Object.entries(attacks)) {
    it(`contains ${name}`, async () => {
      await using sandbox = await opened.backend.create(specOn(image(), spec));
      await attempt(sandbox, opened);
      expect((await neighbour.runShellCommand("echo fine")).stdout).toBe("fine\n");
      await docker.ping();
    }, 60_000);
  }
}

describeWithDocker("Attacks on Docker", "base", (image) => {
  tryAll(undefined, image);
});

describeWithGvisor("Attacks on gVisor", "base", (image) => {
  tryAll("runsc", image);
});

/** The command is killed, or its sandbox ends and says why. */
async function isRefusedMemory(sandbox: DockerSandbox, command: string): Promise<void> {
  try {
    const { exitCode } = await sandbox.runShellCommand(command, { timeoutMs: 20_000 });
    expect(exitCode).not.toBe(0);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "not_found", details: { reason: "out_of_memory" } });
    expect(await sandbox.ended).toMatchObject({ reason: "out_of_memory" });
  }
}

/** What a sandbox has used of the host's processors, as the host counts it. */
async function processorSeconds(sandbox: DockerSandbox): Promise<number> {
  const stats = await docker.getContainer(`agentscope-${sandbox.id}`).stats({ stream: false, "one-shot": true });
  return stats.cpu_stats.cpu_usage.total_usage / 1e9;
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
