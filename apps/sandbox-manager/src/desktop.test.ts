import { AgentApp } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import {
  GuiSandbox,
  guiSandboxType,
  RemoteSandboxBackend,
  SandboxHost,
  sandboxHostRoutes,
} from "@agentscope-runtime/sandbox";
import { boxPorts } from "@agentscope-runtime/sandbox/box";
import { openDockerBackend } from "@agentscope-runtime/sandbox-docker";
import { eventually } from "@agentscope-runtime/services/testing";
import { describeWithDocker } from "@agentscope-runtime-tooling/docker";
import { describeInBrowser } from "@agentscope-runtime-tooling/testing";

describeWithDocker("The desktop of a sandbox", "gui", (image) => {
  describeInBrowser("behind a signed link", {
    "is seen and used by a person, in the sandbox that an agent uses from afar": async (page) => {
      await using backend = await openDockerBackend({ owner: `test-${crypto.randomUUID()}` });
      const type = { ...guiSandboxType, image: image() };
      await using host = await SandboxHost.open({ backend, types: [type] });
      const routes = sandboxHostRoutes({ host, linkSecret: "a secret of thirty-two characters" });
      await using server = await serve(new AgentApp({ agents: {}, ...routes }), { port: 0, closeOnSignals: false });
      await using remote = new RemoteSandboxBackend({ url: server.url });
      await using sandbox = await remote.create({ type });
      const link = await fetch(`${server.url}/sandboxes/${sandbox.id}/links`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ port: boxPorts.desktop }),
      });
      const { path } = (await link.json()) as { readonly path: string }; // Our own answer.
      await sandbox.runShellCommand(
        `setsid xterm -u8 -T typing -geometry 100x30+0+0 -e sh -c 'cat >/workspace/typed.txt' >/dev/null 2>&1 </dev/null &
        until xdotool search --onlyvisible --name typing >/dev/null 2>&1; do sleep 0.05; done`,
      );
      await page.goto(server.url + path);
      await page.getByRole("status").waitFor({ state: "hidden" });
      const screen = await page.locator("canvas").boundingBox();
      if (screen === null) throw new Error("There is no screen.");
      // The agent puts the pointer there, the person types.
      await new GuiSandbox(sandbox).computerUse({ action: "left_click", coordinate: [80, 80] });
      await page.mouse.click(screen.x + screen.width / 12, screen.y + screen.height / 8);
      await page.keyboard.type("by hand", { delay: 20 });
      await page.keyboard.press("Enter");
      await page.keyboard.press("Control+d");
      await eventually(async () => (await sandbox.files.readText("typed.txt")) === "by hand\n" || undefined);
      expect((await page.goto(`${server.url}${path.slice(0, -3)}xx/`))?.status()).toBe(404);
    },
  });
});
