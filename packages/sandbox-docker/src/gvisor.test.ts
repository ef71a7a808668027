import { setTimeout } from "node:timers/promises";
import { describeWithGvisor } from "@agentscope-runtime-tooling/docker";
import { sandboxBackendContract } from "@agentscope-runtime/sandbox/testing";
import { describeContract } from "@agentscope-runtime/services/testing";
import { backendOn, openTestBackend, specOn } from "./testing/test-backend.ts";

const gvisor = { runtime: "runsc" };

/** A call that comes while the snapshot is taken. */
async function afterwards<T>(call: () => Promise<T>): Promise<T> {
  await setTimeout(50);
  return call();
}

describeWithGvisor("gVisor", "base", (image) => {
  describeContract("DockerSandboxBackend", sandboxBackendContract, { create: () => backendOn(image(), gvisor) });

  it("goes on from a snapshot of the memory, as often as one wants, and so does the sandbox itself", async () => {
    await using opened = await openTestBackend(gvisor);
    expect(await opened.backend.abilities()).toMatchObject({ snapshots: "memory" });
    await using first = await opened.backend.create(specOn(image()));
    await first.runIpythonCell("import os; x = 41; pid = os.getpid()");
    await first.files.write("kept", "yes");
    const [snapshot, during] = await Promise.all([first.snapshot(), afterwards(() => first.files.readText("kept"))]);
    expect(during).toBe("yes");
    const { id, kind } = snapshot;
    expect(kind).toBe("memory");
    const clones = await Promise.all([1, 2, 3].map(() => opened.backend.create(specOn(image(), { snapshot: id }))));
    const values = await Promise.all(
      [first, ...clones].map(async (sandbox, index) => {
        await sandbox.files.write("own", String(index));
        const { outputs } = await sandbox.runIpythonCell("x += 1; print(x, pid == os.getpid(), open('own').read())");
        return outputs.map((output) => ("text" in output ? output.text : "")).join("");
      }),
    );
    expect(values).toEqual([0, 1, 2, 3].map((index) => `42 True ${index}\n`));
    await opened.backend.deleteSnapshot(id);
  }, 60_000);

  it("takes no snapshot of the memory while something runs, and says why", async () => {
    await using opened = await openTestBackend(gvisor);
    await using sandbox = await opened.backend.create(specOn(image()));
    const stop = new AbortController();
    const events = sandbox.exec(["sh", "-c", "echo on; sleep 60"], { signal: stop.signal })[Symbol.asyncIterator]();
    expect((await events.next()).value).toMatchObject({ text: "on\n" });
    await expect(sandbox.snapshot()).rejects.toMatchObject({ code: "conflict" });
    stop.abort(new Error("enough"));
    await expect(events.next()).rejects.toThrow("enough");
    expect((await sandbox.runShellCommand("echo well")).stdout).toBe("well\n");
    expect((await sandbox.snapshot()).kind).toBe("memory");
  });

  it("says what it is", async () => {
    await using opened = await openTestBackend(gvisor);
    expect(await opened.backend.abilities()).toMatchObject({ isolation: "gvisor" });
    await using sandbox = await opened.backend.create(specOn(image()));
    expect((await sandbox.runShellCommand("uname -r")).stdout).toBe("4.4.0\n"); // gVisor's own kernel.
  });
});
