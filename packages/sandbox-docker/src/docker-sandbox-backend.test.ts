import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { join } from "node:path";
import Docker from "dockerode";
import { describeWithDocker } from "@agentscope-runtime-tooling/docker";
import { sandboxBackendContract, sandboxContract } from "@agentscope-runtime/sandbox/testing";
import { describeContract, eventually } from "@agentscope-runtime/services/testing";
import { openDockerBackend } from "./index.ts";
import { label } from "./container-options.ts";
import { backendForAll, backendOn, openTestBackend, specOn } from "./testing/test-backend.ts";
import type { TestBackend } from "./testing/test-backend.ts";

const docker = new Docker({ socketPath: "/var/run/docker.sock" });

/** Containers of an owner, whatever their state. */
async function containersOf(owner: string): Promise<readonly string[]> {
  const filters = JSON.stringify({ label: [`${label.owner}=${owner}`] });
  return (await docker.listContainers({ all: true, filters })).map(({ Id }) => Id);
}

async function mountsBelow(directory: string): Promise<readonly string[]> {
  return (await readFile("/proc/self/mountinfo", "utf8")).split("\n").filter((line) => line.includes(` ${directory}/`));
}

/** Everything that boxes leave, if they leave anything. */
async function remains({ owner, directory }: TestBackend): Promise<unknown> {
  return {
    containers: await containersOf(owner),
    mounts: await mountsBelow(directory),
    folders: await readdir(join(directory, "boxes")),
  };
}

const nothing = { containers: [], mounts: [], folders: [] };

describeWithDocker("Docker", "base", (image) => {
  describeContract("DockerSandboxBackend", sandboxBackendContract, { create: () => backendOn(image()) });
  const shared = backendForAll();
  describeContract("Sandbox", sandboxContract, { create: () => shared().create(specOn(image())) });

  it("leaves nothing of a sandbox", async () => {
    await using opened = await openTestBackend();
    const sandbox = await opened.backend.create(specOn(image()));
    expect(await remains(opened)).not.toEqual(nothing);
    await sandbox[Symbol.asyncDispose]();
    expect(await remains(opened)).toEqual(nothing);
  });

  it("leaves nothing after 200 sandboxes, many of them aborted on the way", async () => {
    await using opened = await openTestBackend({ maxSandboxes: 4 });
    const { backend } = opened;
    let left = 200;
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        const stop = new AbortController();
        const abortMs = left % 3 === 0 ? undefined : (left * 37) % 300;
        const timer = abortMs === undefined ? undefined : setTimeout(() => stop.abort(new Error("enough")), abortMs);
        try {
          await using sandbox = await backend.create(specOn(image()), { signal: stop.signal });
          const { stdout } = await sandbox.runShellCommand("echo hi", { signal: stop.signal });
          expect(stdout).toBe("hi\n");
        } catch (thrown) {
          expect(thrown).toMatchObject({ message: "enough" });
        }
        clearTimeout(timer);
      }
    };
    await Promise.all([work(), work(), work(), work()]);
    expect(await remains(opened)).toEqual(nothing);
    expect(await backend.list()).toEqual([]);
  }, 180_000);

  it("sweeps what a process left that was killed, and nothing else", async () => {
    const leaseMs = 1500;
    await using opened = await openTestBackend({ leaseMs });
    const { backend, owner, directory } = opened;
    await using kept = await backend.create(specOn(image()));
    const ids = await killedWith(owner, directory, image(), leaseMs);
    expect(await containersOf(owner)).toHaveLength(3);
    expect((await backend.list()).map(({ id }) => id)).toEqual(expect.arrayContaining([...ids]));
    await eventually(async () => (await containersOf(owner)).length === 1 || undefined, { timeoutMs: 20_000 });
    await eventually(async () => (await readdir(join(directory, "boxes"))).length === 1 || undefined);
    await eventually(async () => (await readdir(join(directory, "holders"))).length === 1 || undefined);
    expect((await kept.runShellCommand("echo on")).stdout).toBe("on\n");
    await kept[Symbol.asyncDispose]();
    expect(await remains(opened)).toEqual(nothing);
  });

  it("takes over what a process left that was killed, with its files, time and rules", async () => {
    await using opened = await openTestBackend({ leaseMs: 60_000 });
    const { backend, owner, directory } = opened;
    for (const id of await killedWith(owner, directory, image(), 60_000)) {
      await using sandbox = await backend.attach(id);
      expect(await sandbox.files.readText("from")).toBe("the killed one");
      expect((await sandbox.runShellCommand("curl -s http://evil.example/")).stdout).toContain("evil.example");
    }
    await expect(backend.attach("no-such-sandbox")).rejects.toMatchObject({ code: "not_found" });
  });

  it("refuses more sandboxes than it may have, and takes the next when one has gone", async () => {
    await using opened = await openTestBackend({ maxSandboxes: 1 });
    const first = await opened.backend.create(specOn(image()));
    await expect(opened.backend.create(specOn(image()))).rejects.toMatchObject({
      code: "resource_exhausted",
      message: expect.stringContaining("maxSandboxes") as string,
    });
    await first[Symbol.asyncDispose]();
    await using second = await opened.backend.create(specOn(image()));
    expect(second.type).toBe("base");
  });

  it("says that there is no such image, and what to do", async () => {
    await using opened = await openTestBackend();
    const spec = specOn("agentscope-runtime/no-such-image:1");
    await expect(opened.backend.create(spec)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(/no-such-image:1.*Build it/) as string,
    });
    expect(await remains(opened)).toEqual(nothing);
  });

  it("says that there is no engine, at once", async () => {
    const started = Date.now();
    await expect(openDockerBackend({ socketPath: "/nowhere/docker.sock" })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("Start it") as string,
    });
    expect(Date.now() - started).toBeLessThan(2000);
  });

  it("says that the engine has no such runtime", async () => {
    await expect(openDockerBackend({ runtime: "no-such-runtime" })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("no-such-runtime") as string,
    });
  });

  it("does not open without an image that must be there", async () => {
    await expect(openDockerBackend({ images: ["agentscope-runtime/no-such-image:1"] })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("no-such-image:1") as string,
    });
    await using opened = await openTestBackend({ images: [image()] });
    expect(await opened.backend.list()).toEqual([]);
  });

  it("refuses a directory that others may look into", async () => {
    await expect(openDockerBackend({ directory: "/tmp" })).rejects.toMatchObject({ code: "permission_denied" });
    await expect(openDockerBackend({ directory: `/tmp/${"x".repeat(100)}` })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  it("says that somebody outside killed a sandbox", async () => {
    await using opened = await openTestBackend();
    await using sandbox = await opened.backend.create(specOn(image()));
    const running = sandbox.runShellCommand("sleep 60");
    await docker.getContainer(`agentscope-${sandbox.id}`).kill();
    expect(await sandbox.ended).toMatchObject({ reason: "killed" });
    await expect(running).rejects.toMatchObject({ code: "not_found", details: { reason: "killed" } });
    expect(await remains(opened)).toEqual(nothing);
  });

  it("says that a sandbox's main process has ended", async () => {
    await using opened = await openTestBackend();
    await using sandbox = await opened.backend.create(specOn(image()));
    await expect(sandbox.runShellCommand("kill -9 -1; sleep 60")).rejects.toMatchObject({ code: "not_found" });
    expect(await sandbox.ended).toMatchObject({ reason: "exited" });
    expect(await remains(opened)).toEqual(nothing);
  });

  it("puts the disk's limit where it is asked for", async () => {
    await using opened = await openTestBackend();
    expect(await opened.backend.abilities()).toMatchObject({ isolation: "container", snapshots: "disk" });
    await using sandbox = await opened.backend.create(specOn(image(), { limits: { diskBytes: 32 * 1024 * 1024 } }));
    const { stdout } = await sandbox.runShellCommand("df --output=size -BM /workspace | tail -1");
    expect(Number.parseInt(stdout)).toBeLessThanOrEqual(32);
  });
});

/** A process that makes two sandboxes, and is killed with -9. Their ids. */
async function killedWith(
  owner: string,
  directory: string,
  image: string,
  leaseMs: number,
): Promise<readonly string[]> {
  const entry = join(import.meta.dirname, "testing/owner-process.ts");
  const child = spawn(
    process.execPath,
    ["--conditions=@agentscope-runtime/source", entry, JSON.stringify({ owner, directory, image, leaseMs })],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    return JSON.parse(line) as readonly string[]; // Our own line.
  }
  throw new Error("The process has ended without making sandboxes.");
}
