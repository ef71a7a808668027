import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InProcessLeases, InProcessState, InProcessTopic } from "@agentscope-runtime/services";
import { eventually } from "@agentscope-runtime/services/testing";
import { baseSandboxType, SandboxManager } from "./index.ts";
import type { SandboxEvent, SandboxManagerOptions, SandboxManagerServices } from "./index.ts";
import { FolderEngine } from "./testing/folder-engine.ts";

const ada = { userId: "ada", sessionId: "s1" };
const bob = { userId: "bob", sessionId: "s1" };

let directory: string;
let engine: FolderEngine;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sandbox-manager-"));
  engine = new FolderEngine(directory);
});

afterEach(async () => {
  await engine[Symbol.asyncDispose]();
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
});

function shared(): SandboxManagerServices & AsyncDisposable {
  const services = { state: new InProcessState(), leases: new InProcessLeases(), topic: new InProcessTopic() };
  return {
    ...services,
    [Symbol.asyncDispose]: async () => {
      for (const service of Object.values(services)) await service[Symbol.asyncDispose]();
    },
  };
}

async function managing(options: Partial<SandboxManagerOptions> = {}) {
  const backend = engine.backend();
  const events: SandboxEvent[] = [];
  const onEvent = (event: SandboxEvent): void => void events.push(event);
  const manager = await SandboxManager.open({
    backend,
    types: [baseSandboxType],
    allowUnisolated: true, // The engine is folders, the users are friends.
    onEvent,
    ...options,
  });
  const dispose = async (): Promise<void> => {
    await manager[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  };
  return { manager, events, [Symbol.asyncDispose]: dispose };
}

describe("a session's sandbox", () => {
  it("is the same at every call, with its files", async () => {
    await using managed = await managing();
    const first = await managed.manager.connect(ada);
    await first.sandbox.files.write("kept", "yes");
    await first[Symbol.asyncDispose]();
    await using second = await managed.manager.connect(ada);
    expect(await second.sandbox.files.readText("kept")).toBe("yes");
    expect(engine.made).toBe(1);
  });

  it("is another user's never, even with the same session id", async () => {
    await using managed = await managing();
    await using adas = await managed.manager.connect(ada);
    await using bobs = await managed.manager.connect(bob);
    await adas.sandbox.files.write("secret", "ada's");
    expect(await bobs.sandbox.files.stat("secret")).toBeUndefined();
  });

  it("is made once when 20 calls ask at the same time, and the first to finish ends nothing", async () => {
    await using managed = await managing();
    const leases = await Promise.all(Array.from({ length: 20 }, () => managed.manager.connect(ada)));
    expect(engine.made).toBe(1);
    const [first, ...others] = leases;
    const running = others.map(({ sandbox }) => sandbox.runShellCommand("sleep 0.2; echo on"));
    await first?.[Symbol.asyncDispose]();
    expect((await Promise.all(running)).map(({ stdout }) => stdout)).toEqual(others.map(() => "on\n"));
    await expect(first?.sandbox.runShellCommand("true")).rejects.toMatchObject({ code: "not_found" });
    for (const lease of others) await lease[Symbol.asyncDispose]();
  });

  it("ends on release, but only when no lease holds it any more", async () => {
    await using managed = await managing();
    const lease = await managed.manager.connect(ada);
    await managed.manager.release(ada);
    expect((await lease.sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
    await lease[Symbol.asyncDispose]();
    await eventually(() => managed.events.some(({ type }) => type === "ended"));
    await using again = await managed.manager.connect(ada);
    expect(again.sandbox.id).not.toBe(lease.sandbox.id);
    await managed.manager.release({ ...ada, sessionId: "never seen" });
  });

  it("is made anew when it has ended, and events say how it ended", async () => {
    await using managed = await managing();
    const first = await managed.manager.connect(ada);
    const { id } = first.sandbox;
    await engine.kill(id, { reason: "out_of_memory", message: "It used up its 512 MiB." });
    await expect(first.sandbox.runShellCommand("true")).rejects.toThrow("It used up its 512 MiB.");
    await using second = await managed.manager.connect(ada);
    expect((await second.sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
    const subject = { sandboxId: id, sandboxType: "base", ...ada };
    expect(managed.events.slice(0, 2)).toEqual([
      { type: "created", ...subject },
      { type: "ended", reason: "out_of_memory", message: "It used up its 512 MiB.", ...subject },
    ]);
    await first[Symbol.asyncDispose]();
  });

  it("is paused when nobody uses it, and wakes for the next call with its files", async () => {
    const times = { idlePauseMs: 50 };
    await using managed = await managing({ times });
    await using lease = await managed.manager.connect(ada);
    await lease.sandbox.files.write("kept", "yes");
    await eventually(() => managed.events.some(({ type }) => type === "paused"));
    expect((await lease.sandbox.runShellCommand("cat kept")).stdout).toBe("yes");
    expect(managed.events.map(({ type }) => type)).toContain("resumed");
  });

  it("expires, after a warning", async () => {
    await using managed = await managing({ ttlMs: 300, times: { warnMs: 200 } });
    await managed.manager.connect(ada);
    await eventually(() => managed.events.some(({ type }) => type === "ended"));
    expect(managed.events).toMatchObject([
      { type: "created" },
      { type: "willExpire" },
      { type: "ended", reason: "expired" },
    ]);
  });

  it("is not made for a type that is not registered, and none at all for no type", async () => {
    await using managed = await managing();
    await expect(managed.manager.connect(ada, ["gpu"])).rejects.toMatchObject({
      code: "not_found",
      message: 'There is no sandbox type "gpu"; there are: base.',
    });
    await expect(managed.manager.connect(ada, [])).rejects.toMatchObject({ code: "invalid_argument" });
    expect(engine.made).toBe(0);
  });

  it("waits for nobody whose signal has aborted, and is there for the others", async () => {
    await using managed = await managing();
    const stop = new AbortController();
    const leaving = managed.manager.connect(ada, ["base"], { signal: stop.signal });
    const staying = managed.manager.connect(ada);
    stop.abort(new Error("enough"));
    await expect(leaving).rejects.toThrow("enough");
    await using lease = await staying;
    expect((await lease.sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
    expect(engine.made).toBe(1);
  });
});

describe("limits", () => {
  it("bound a user's sandboxes, and say what to do", async () => {
    await using managed = await managing({ limits: { perUser: 2 } });
    const lease = await managed.manager.connect(ada);
    await managed.manager.connect({ ...ada, sessionId: "s2" });
    await expect(managed.manager.connect({ ...ada, sessionId: "s3" })).rejects.toMatchObject({
      code: "resource_exhausted",
      message: expect.stringContaining("limits.perUser") as string,
    });
    await managed.manager.connect(bob);
    await lease[Symbol.asyncDispose]();
    await managed.manager.release(ada);
    await managed.manager.connect({ ...ada, sessionId: "s3" });
  });

  it("do not count what has ended while nobody looked", async () => {
    await using services = shared();
    const left = await managing({ services, limits: { perUser: 1 } });
    await left.manager.connect(ada);
    await left.manager[Symbol.asyncDispose]();
    await using managed = await managing({ services, limits: { perUser: 1 } });
    await using lease = await managed.manager.connect({ ...ada, sessionId: "s2" });
    expect((await lease.sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
  });

  it("bound all sandboxes together", async () => {
    await using managed = await managing({ limits: { total: 3 } });
    const asked = Array.from({ length: 6 }, (_, index) =>
      managed.manager.connect({ userId: `u${index}`, sessionId: "s" }),
    );
    const settled = await Promise.allSettled(asked);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect(settled.find(({ status }) => status === "rejected")).toMatchObject({
      reason: { code: "resource_exhausted", message: expect.stringContaining("limits.total") as string },
    });
  });
});

describe("a pool", () => {
  it("has sandboxes ready, gives each to one session only, and makes another in its place", async () => {
    await using managed = await managing({ pool: { base: 1 } });
    await managed.manager.warmUp();
    await using adas = await managed.manager.connect(ada);
    expect(adas.sandbox.id).toBe("folder-1");
    await managed.manager.warmUp();
    expect(engine.made).toBe(2);
    await adas.sandbox.files.write("secret", "ada's");
    await managed.manager.release(ada);
    await using bobs = await managed.manager.connect(bob);
    expect(bobs.sandbox.id).toBe("folder-2");
    expect(await bobs.sandbox.files.list(".")).toEqual([]);
  });

  it("is refused for a type that is not registered", async () => {
    await expect(managing({ pool: { gpu: 1 } })).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("several managers", () => {
  it("give a session the same sandbox", async () => {
    await using services = shared();
    await using one = await managing({ services });
    await using other = await managing({ services });
    const [first, second] = await Promise.all([one.manager.connect(ada), other.manager.connect(ada)]);
    expect(second.sandbox.id).toBe(first.sandbox.id);
    expect(engine.made).toBe(1);
    await first.sandbox.files.write("kept", "yes");
    expect(await second.sandbox.files.readText("kept")).toBe("yes");
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
  });

  it("do not pause what one of them uses", async () => {
    await using services = shared();
    const times = { idlePauseMs: 200 };
    await using one = await managing({ services, times });
    await using other = await managing({ services, times });
    await using first = await one.manager.connect(ada);
    await other.manager.connect(ada);
    // Four times as long as it may be unused; were it paused in between, the commands after that would fail.
    const { exitCode } = await first.sandbox.runShellCommand("sleep 0.8");
    expect(exitCode).toBe(0);
    expect(other.events.map(({ type }) => type)).not.toContain("paused");
  });

  it("release a session together", async () => {
    await using services = shared();
    await using one = await managing({ services });
    await using other = await managing({ services });
    const lease = await one.manager.connect(ada);
    await lease[Symbol.asyncDispose]();
    await other.manager.release(ada);
    await eventually(() => one.events.some(({ type }) => type === "ended"));
  });

  it("take over what one that is gone has left, and end it when nobody asks for it", async () => {
    await using services = shared();
    // Its process is gone: it neither shows that it lives nor ends anything.
    const lost = await engine.backend().create({ type: baseSandboxType, labels: { manager: "gone" } });
    await using managed = await managing({ services, times: { idlePauseMs: 50, idleEndMs: 300 } });
    await managed.manager.sweep();
    expect((await lost.ended).reason).toBe("disposed"); // As idle as nobody's can be.
  });
});

it("answers nothing once it is disposed, and ends its sandboxes", async () => {
  const { manager, events } = await managing();
  await manager.connect(ada);
  await manager[Symbol.asyncDispose]();
  expect(events.at(-1)).toMatchObject({ type: "ended", reason: "disposed" });
  await expect(manager.connect(ada)).rejects.toMatchObject({ code: "unavailable" });
  await expect(manager.release(ada)).rejects.toMatchObject({ code: "unavailable" });
});

describe("a backend that isolates nothing", () => {
  it("serves one user only, in all sessions, and tells anybody else why", async () => {
    await using managed = await managing({ allowUnisolated: false });
    for (const sessionId of ["s1", "s2"]) {
      await using lease = await managed.manager.connect({ ...ada, sessionId });
      expect((await lease.sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
    }
    await expect(managed.manager.connect(bob)).rejects.toMatchObject({
      code: "permission_denied",
      message: expect.stringMatching(/folder isolate nothing.*allowUnisolated/) as string,
    });
    expect(engine.made).toBe(2);
    await using again = await managed.manager.connect(ada);
    expect((await again.sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
  });

  it("serves the first of those who come at the same time", async () => {
    await using managed = await managing({ allowUnisolated: false });
    const leases = await Promise.allSettled([managed.manager.connect(ada), managed.manager.connect(bob)]);
    expect(leases.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(engine.made).toBe(1);
  });
});
