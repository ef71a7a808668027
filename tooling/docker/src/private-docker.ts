import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A Docker engine of a test's own, which it may kill. It has no images and no network. Disposing leaves nothing of it. */
export interface PrivateDocker extends AsyncDisposable {
  readonly socketPath: string;
  start(): Promise<void>;
  /** As a crash or a power cut: nothing is told to anybody. */
  kill(): Promise<void>;
  /** Answers nobody any more, but keeps what it has open, until it is thawed. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Copies what little of a box's image its server needs from the usual engine: Node and a shell, no Python. */
  takeServer(image: string): Promise<void>;
}

const readyMs = 30_000;

export async function startPrivateDocker(): Promise<PrivateDocker> {
  const directory = await mkdtemp(join(tmpdir(), "dockerd-"));
  const engine = new Engine(directory);
  try {
    await engine.start();
  } catch (thrown) {
    await engine[Symbol.asyncDispose]();
    throw thrown;
  }
  return engine;
}

class Engine implements PrivateDocker {
  readonly socketPath: string;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #said = "";

  constructor(directory: string) {
    this.#directory = directory;
    this.socketPath = join(directory, "docker.sock");
  }

  async start(): Promise<void> {
    const at = (name: string): string => join(this.#directory, name);
    // What a killed engine left keeps the next from starting.
    for (const file of [at("docker.pid"), at("exec/containerd/containerd.pid")]) await rm(file, { force: true });
    await writeFile(at("daemon.json"), "{}"); // Not the usual engine's.
    const places = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("docker.pid")];
    const quiet = ["--bridge", "none", "--iptables=false", "--ip6tables=false", "--config-file", at("daemon.json")];
    // Where a containerd of the system is used, its containers are not the usual engine's.
    const apart = ["--containerd-namespace", "private", "--containerd-plugins-namespace", "private-plugins"];
    const command = ["dockerd", ...places, ...quiet, ...apart, "--host", `unix://${this.socketPath}`];
    // An engine without a bridge removes that of its network namespace, which would be the usual engine's.
    const child = spawn("unshare", ["--net", ...command], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-4000)));
    const deadline = Date.now() + readyMs;
    while (!(await answers(this.socketPath))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`dockerd did not start:\n${this.#said}`);
      await sleep(50);
    }
  }

  async kill(): Promise<void> {
    if (this.#runs) await this.#stop("SIGKILL");
  }

  async freeze(): Promise<void> {
    const child = this.#child;
    child?.kill("SIGSTOP");
    while (this.#runs && !/^State:\tT/m.test(await readFile(`/proc/${child?.pid}/status`, "utf8"))) await sleep(5);
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  async takeServer(image: string): Promise<void> {
    const programs = "/usr/local/bin/node /usr/bin/dash /usr/bin/cp";
    // Libraries as they are named, which is by way of links, and what those lead to; each once.
    const script = `libraries=$(ldd ${programs} | grep -o '/lib[^ ]*' | sed 's,^,/usr,')
      for file in /bin /lib /lib64 /etc/passwd /opt/agentscope /usr/bin/sh ${programs} $libraries; do echo $file; done >/tmp/list
      readlink -f $libraries >>/tmp/list
      sort -u /tmp/list | tar -cP -T -`;
    const run = ["run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", script];
    const save = spawn("docker", run, { stdio: ["ignore", "pipe", "inherit"] });
    const changes = ['ENTRYPOINT ["/bin/sh", "/opt/agentscope/start"]', "ENV PATH=/usr/local/bin:/usr/bin"];
    const take = ["import", ...changes.flatMap((change) => ["--change", change]), "-", image];
    const load = spawn("docker", ["--host", `unix://${this.socketPath}`, ...take], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    load.stdin.on("error", () => undefined); // Its exit code tells.
    save.stdout.pipe(load.stdin);
    const [code] = (await once(load, "exit")) as [number | null];
    if (code !== 0) throw new Error(`docker import ended with ${code ?? "a signal"}.`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that was killed has left containers behind, which only it can find.
    if (!this.#runs) await this.start().catch(() => undefined);
    if (this.#runs) await this.#stop("SIGTERM");
    await unmountBelow(this.#directory);
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }

  get #runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #stop(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: "/_ping", timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once("error", () => {
      resolve(false);
    });
    asked.once("timeout", () => asked.destroy());
    asked.end();
  });
}

async function unmountBelow(directory: string): Promise<void> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const mounts = lines.map((line) => line.split(" ")[4] ?? "").filter((mount) => mount.startsWith(`${directory}/`));
  for (const mount of mounts.toReversed()) await once(spawn("umount", ["-l", mount]), "exit");
}
