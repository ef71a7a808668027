import { describeWithGvisor } from "@agentscope-runtime-tooling/docker";
import { sandboxBackendContract, sandboxContract } from "@agentscope-runtime/sandbox/testing";
import { describeContract } from "@agentscope-runtime/services/testing";
import { backendForAll, backendOn, openTestBackend, specOn } from "./testing/test-backend.ts";

const gvisor = { runtime: "runsc" };

describeWithGvisor("gVisor", "base", (image) => {
  describeContract("DockerSandboxBackend", sandboxBackendContract, { create: () => backendOn(image(), gvisor) });
  const shared = backendForAll(gvisor);
  describeContract("Sandbox", sandboxContract, { create: () => shared().create(specOn(image())) });

  it("says what it is", async () => {
    await using opened = await openTestBackend(gvisor);
    expect(await opened.backend.abilities()).toMatchObject({ isolation: "gvisor" });
    await using sandbox = await opened.backend.create(specOn(image()));
    expect((await sandbox.runShellCommand("uname -r")).stdout).toBe("4.4.0\n"); // gVisor's own kernel.
  });
});
