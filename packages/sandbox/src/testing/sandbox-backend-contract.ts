import type { Contract } from "@agentscope-runtime/services/testing";
import { eventually } from "@agentscope-runtime/services/testing";
import type { SandboxBackend } from "../sandbox-backend.ts";
import type { SandboxSpec } from "../sandbox-spec.ts";

/** A backend, and a spec of a sandbox with a shell that it can make. */
export interface BackendSubject extends AsyncDisposable {
  readonly backend: SandboxBackend;
  readonly spec: SandboxSpec;
}

/** What it means to be a {@link SandboxBackend}. Promises about what it does not claim among its abilities are not asked. */
export const sandboxBackendContract: Contract<BackendSubject> = {
  "makes a sandbox that is ready for a command": async ({ backend, spec }) => {
    await using sandbox = await backend.create(spec);
    expect(sandbox.id).toMatch(/^[a-z0-9][a-z0-9-]{0,62}$/);
    expect(sandbox.type).toBe(spec.type.name);
    expect((await sandbox.runShellCommand("echo ready")).stdout).toBe("ready\n");
  },

  "keeps sandboxes apart": async ({ backend, spec }) => {
    await using first = await backend.create(spec);
    await using second = await backend.create(spec);
    expect(first.id).not.toBe(second.id);
    await first.files.write("secret", "first's");
    expect(await second.files.stat("secret")).toBeUndefined();
    await first[Symbol.asyncDispose]();
    expect((await second.runShellCommand("echo on")).stdout).toBe("on\n");
  },

  "lists what there is, until it is disposed": async ({ backend, spec }) => {
    const sandbox = await backend.create({ ...spec, labels: { user: "ada" } });
    const record = (await backend.list()).find(({ id }) => id === sandbox.id);
    expect(record).toMatchObject({ type: spec.type.name, state: "running", labels: { user: "ada" } });
    expect(Math.abs((record?.createdAt ?? 0) - Date.now())).toBeLessThan(120_000);
    await sandbox[Symbol.asyncDispose]();
    expect((await backend.list()).map(({ id }) => id)).not.toContain(sandbox.id);
    expect(await sandbox.ended).toMatchObject({ reason: "disposed" });
  },

  "refuses every call once a sandbox has ended, and disposes again without complaint": async ({ backend, spec }) => {
    const sandbox = await backend.create(spec);
    await sandbox[Symbol.asyncDispose]();
    await sandbox[Symbol.asyncDispose]();
    await expect(sandbox.runShellCommand("true")).rejects.toMatchObject({ code: "not_found" });
    await expect(sandbox.files.list(".")).rejects.toMatchObject({ code: "not_found" });
    await expect(sandbox.pause()).rejects.toMatchObject({ code: "not_found" });
  },

  "ends what runs in a sandbox that is disposed": async ({ backend, spec }) => {
    const sandbox = await backend.create(spec);
    // Whoever calls hears of it at once, which may be before the sandbox is disposed.
    const running = sandbox.runShellCommand("echo started >started; sleep 60").catch((thrown: unknown) => thrown);
    await eventually(() => sandbox.files.stat("started"));
    await sandbox[Symbol.asyncDispose]();
    expect(await running).toMatchObject({ code: "not_found" });
  },

  "ends a sandbox when its time is over": async ({ backend, spec }) => {
    const sandbox = await backend.create({ ...spec, ttlMs: 1500 });
    expect((await sandbox.ended).reason).toBe("expired");
    await expect(sandbox.runShellCommand("true")).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("expired") as string,
    });
  },

  "gives a sandbox more time": async ({ backend, spec }) => {
    await using sandbox = await backend.create({ ...spec, ttlMs: 2500 });
    await sandbox.extend(60_000);
    const ended = await Promise.race([
      sandbox.ended,
      new Promise((resolve) => setTimeout(resolve, 3500, "still there")), // Longer than the first end.
    ]);
    expect(ended).toBe("still there");
    await expect(sandbox.extend(0)).rejects.toMatchObject({ code: "invalid_argument" });
  },

  "makes nothing once the signal is aborted": async ({ backend, spec }) => {
    const before = await backend.list();
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(backend.create(spec, { signal })).rejects.toThrow("stop");
    expect(await backend.list()).toHaveLength(before.length);
  },

  "leaves nothing behind when it is aborted on the way": async ({ backend, spec }) => {
    const before = (await backend.list()).length;
    const stop = new AbortController();
    const creating = backend.create(spec, { signal: stop.signal });
    setTimeout(() => {
      stop.abort(new Error("stop"));
    }, 20);
    await creating.then(
      (sandbox) => sandbox[Symbol.asyncDispose](), // It was quicker.
      (thrown: unknown) => {
        expect(thrown).toMatchObject({ message: "stop" });
      },
    );
    expect(await backend.list()).toHaveLength(before);
  },

  "pauses and goes on, with files and variables": async ({ backend, spec }) => {
    if ((await backend.abilities()).missing.includes("pause")) return;
    await using sandbox = await backend.create(spec);
    await sandbox.files.write("kept", "yes");
    await sandbox.pause();
    await sandbox.pause();
    expect((await backend.list()).find(({ id }) => id === sandbox.id)?.state).toBe("paused");
    await sandbox.resume();
    await sandbox.resume();
    expect(await sandbox.files.readText("kept")).toBe("yes");
  },

  "does not count the time that a sandbox is paused": async ({ backend, spec }) => {
    if ((await backend.abilities()).missing.includes("pause")) return;
    await using sandbox = await backend.create({ ...spec, ttlMs: 3000 });
    await sandbox.pause();
    await new Promise((resolve) => setTimeout(resolve, 3500)); // Longer than it lives.
    await sandbox.resume();
    expect((await sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
  },

  "begins new sandboxes from a snapshot": async ({ backend, spec }) => {
    const { snapshots } = await backend.abilities();
    if (snapshots === "none") return;
    await using first = await backend.create(spec);
    await first.files.write("kept", "yes");
    const snapshot = await first.snapshot();
    expect(snapshot.kind).toBe(snapshots);
    await first.files.write("kept", "changed");
    await first[Symbol.asyncDispose]();
    for (const _ of ["once", "twice"]) {
      await using again = await backend.create({ ...spec, snapshot: snapshot.id });
      expect(await again.files.readText("kept")).toBe("yes");
    }
    await backend.deleteSnapshot(snapshot.id);
    await backend.deleteSnapshot(snapshot.id);
    await expect(backend.create({ ...spec, snapshot: snapshot.id })).rejects.toMatchObject({ code: "not_found" });
  },

  "says by name what it cannot do": async ({ backend, spec }) => {
    const { missing } = await backend.abilities();
    await using sandbox = await backend.create(spec);
    const calls = { pause: () => sandbox.pause(), snapshot: () => sandbox.snapshot() };
    for (const [name, call] of Object.entries(calls)) {
      if (missing.includes(name)) {
        await expect(call()).rejects.toMatchObject({
          code: "unimplemented",
          message: expect.stringContaining(backend.name) as string,
        });
      }
    }
  },

  "takes over a sandbox that another backend object made": async ({ backend, spec }) => {
    if ((await backend.abilities()).missing.includes("attach")) return;
    const sandbox = await backend.create(spec);
    await sandbox.files.write("kept", "yes");
    const taken = await backend.attach(sandbox.id);
    expect(await taken.files.readText("kept")).toBe("yes");
    await taken[Symbol.asyncDispose]();
    expect((await backend.list()).map(({ id }) => id)).not.toContain(sandbox.id);
    await expect(backend.attach(sandbox.id)).rejects.toMatchObject({ code: "not_found" });
  },

  "gives a sandbox the environment that was asked for": async ({ backend, spec }) => {
    await using sandbox = await backend.create({ ...spec, environment: { COLOR: "blue" } });
    expect((await sandbox.runShellCommand("echo $COLOR")).stdout).toBe("blue\n");
  },

  "refuses a spec that makes no sense, and names the field": async ({ backend, spec }) => {
    for (const [field, wrong] of Object.entries({
      ttlMs: { ttlMs: -1 },
      memoryBytes: { limits: { memoryBytes: 0 } },
      environment: { environment: { "a=b": "c" } },
      host: { egress: [{ host: "not a host" }] },
    })) {
      await expect(backend.create({ ...spec, ...wrong })).rejects.toMatchObject({
        code: "invalid_argument",
        message: expect.stringContaining(field) as string,
      });
    }
  },

  "ends its sandboxes when it is disposed": async ({ backend, spec }) => {
    const sandbox = await backend.create(spec);
    await backend[Symbol.asyncDispose]();
    expect(await sandbox.ended).toMatchObject({ reason: "disposed" });
  },
};
