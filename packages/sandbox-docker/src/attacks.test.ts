import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import Docker from "dockerode";
import { describeWithDocker, describeWithGvisor } from "@agentscope-runtime-tooling/docker";
import type { SandboxSpec } from "@agentscope-runtime/sandbox";
import { attackContract } from "@agentscope-runtime/sandbox/testing";
import { describeContract } from "@agentscope-runtime/services/testing";
import type { DockerSandbox } from "./index.ts";
import { openTestBackend, specOn } from "./testing/test-backend.ts";
import type { TestBackend } from "./testing/test-backend.ts";

const mib = 1024 * 1024;
const docker = new Docker({ socketPath: "/var/run/docker.sock" });

/** Each is tried in a sandbox of its own. Another one, and the host, must not notice. */
interface Attack {
  readonly spec?: Partial<SandboxSpec>;
  readonly attempt: (sandbox: DockerSandbox, place: TestBackend) => Promise<void>;
}

/** Beside those of the contract: on what a container has and others have not. */
const attacks: Readonly<Record<string, Attack>> = {
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
  "programs that begin as root": {
    attempt: async (sandbox) => {
      const { stdout } = await sandbox.runShellCommand("find / -xdev -perm /6000 -type f 2>/dev/null");
      expect(stdout).toBe("");
    },
  },
  "writing among the devices": {
    attempt: async (sandbox) => {
      expect((await sandbox.runShellCommand("(echo x >/dev/x) 2>/dev/null && echo /dev/x; true")).stdout).toBe("");
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
      expect(stdout.split("\n").filter((line) => line.includes("sock"))).toEqual([]); // Not even the names of its own.
      for (const id of await readdir(join(opened.directory, "boxes"))) {
        expect((await stat(join(opened.directory, "boxes", id))).mode & 0o077).toBe(0);
      }
      expect((await stat(opened.directory)).mode & 0o077).toBe(0);
    },
  },
  "a link to the engine's socket in the place of its own": {
    attempt: async (sandbox) => {
      const script =
        "cd /run/agentscope/box; rm -f box.sock; ln -sf /var/run/docker.sock box.sock; mv box.sock x; stat -c %F box.sock";
      expect((await sandbox.runShellCommand(script)).stdout).toBe("socket\n");
    },
  },
};

function tryAll(runtime: string | undefined, image: () => string): void {
  let opened: TestBackend;
  let neighbour: DockerSandbox;
  beforeAll(async () => {
    opened = await openTestBackend(runtime === undefined ? {} : { runtime });
    neighbour = await opened.backend.create(specOn(image()));
  });
  afterAll(() => opened[Symbol.asyncDispose]());

  describeContract("A sandbox", attackContract, {
    create: () => ({
      backend: opened.backend,
      spec: specOn(image()),
      neighbour,
      folders: ["/workspace", "/home/agent", "/tmp"],
      uid: 1000,
      // gVisor is one: what it does with a call says nothing of the host's.
      hasOwnKernel: runtime === "runsc",
    }),
  });

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
