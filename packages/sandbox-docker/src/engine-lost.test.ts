import { describeWithDocker, startPrivateDocker } from "@agentscope-runtime-tooling/docker";
import type { PrivateDocker } from "@agentscope-runtime-tooling/docker";
import { eventually } from "@agentscope-runtime/services/testing";
import { openTestBackend, specOn } from "./testing/test-backend.ts";

describeWithDocker("An engine that goes away", "base", (image) => {
  let engine: PrivateDocker;
  beforeAll(async () => {
    engine = await startPrivateDocker();
    await engine.takeServer(image());
  }, 120_000);
  afterAll(() => engine[Symbol.asyncDispose](), 60_000);

  it("is one error with a remedy while it is gone, and is used again when it is back", async () => {
    await using opened = await openTestBackend({ socketPath: engine.socketPath });
    const { backend } = opened;
    await using sandbox = await backend.create(specOn(image()));
    await engine.kill();

    for (const call of [() => backend.create(specOn(image())), () => backend.list(), () => sandbox.pause()]) {
      const started = Date.now();
      await expect(call()).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringContaining("Start it") as string,
      });
      expect(Date.now() - started).toBeLessThan(2000);
    }
    // Commands do not go through the engine, and containers outlive its death.
    expect((await sandbox.runShellCommand("echo on")).stdout).toBe("on\n");

    await engine.start(); // It ends what it finds.
    expect(await sandbox.ended).toMatchObject({ reason: "engine_lost" });
    await expect(sandbox.runShellCommand("true")).rejects.toMatchObject({
      code: "not_found",
      details: { reason: "engine_lost" },
    });
    await using next = await eventually(() => backend.create(specOn(image())).catch(() => undefined));
    expect((await next.runShellCommand("echo again")).stdout).toBe("again\n");
    expect((await backend.list()).map(({ id }) => id)).toEqual([next.id]);
  }, 60_000);

  it("cuts off what is being made", async () => {
    await using opened = await openTestBackend({ socketPath: engine.socketPath });
    const making = opened.backend.create(specOn(image()));
    making.catch(() => undefined);
    await engine.kill();
    await expect(making).rejects.toMatchObject({ code: "unavailable" });
    await engine.start();
    await eventually(async () => (await opened.backend.list()).length === 0);
    await using sandbox = await opened.backend.create(specOn(image()));
    expect((await sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
  }, 60_000);

  it("cuts off what has started, but does not answer yet", async () => {
    await using opened = await openTestBackend({ socketPath: engine.socketPath });
    // The server waits for a debugger that never comes.
    const environment = { NODE_OPTIONS: "--inspect-brk" };
    const making = opened.backend.create(specOn(image(), { environment }));
    making.catch(() => undefined);
    await eventually(async () => (await opened.backend.list()).length === 1);
    await engine.kill();
    const began = performance.now();
    await expect(making).rejects.toMatchObject({ code: "unavailable" });
    expect(performance.now() - began).toBeLessThan(10_000);
    await engine.start();
    await eventually(async () => (await opened.backend.list()).length === 0);
  }, 60_000);

  it("is not waited for longer than engineTimeoutMs when it answers nothing", async () => {
    await using opened = await openTestBackend({ socketPath: engine.socketPath, engineTimeoutMs: 300 });
    await engine.freeze();
    try {
      const timeout = { code: "unavailable", message: expect.stringContaining("does not answer") as string };
      await expect(opened.backend.list()).rejects.toMatchObject(timeout);
      await expect(opened.backend.create(specOn(image()))).rejects.toMatchObject(timeout);
    } finally {
      engine.thaw();
    }
    expect(await opened.backend.list()).toEqual([]);
  }, 60_000);
});
