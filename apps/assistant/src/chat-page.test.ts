import { silentLogger } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { Server } from "@agentscope-runtime/express";
import { describeInBrowser } from "@agentscope-runtime-tooling/testing";
import { assistantApp } from "./assistant-app.ts";
import { modelFrom } from "./model.ts";
import { openSandboxes } from "./open-sandboxes.ts";
import { servicesInProcess } from "./services-in-process.ts";

async function serving(): Promise<Server> {
  const services = servicesInProcess();
  const model = modelFrom({ provider: undefined });
  const { sandboxes, resources } = await openSandboxes("auto", silentLogger);
  return serve(assistantApp({ model, services, sandboxes, resources }), { port: 0, closeOnSignals: false });
}

describeInBrowser("the chat page", {
  "answers a question, shows the tool, and keeps the conversation over a reload": async (page) => {
    await using server = await serving();
    await page.goto(server.url);
    await page.getByLabel("Your message").fill("What time is it?");
    await page.keyboard.press("Enter");
    await page.getByText("tokens in").waitFor();
    await page.getByText("Tool current_time answered").click();
    expect(await page.locator("details[open] pre").textContent()).toContain("UTC");
    expect(await page.locator(".assistant").textContent()).toContain("demo answer, no model");
    await page.reload();
    await page.locator(".assistant").waitFor();
    expect(await page.locator(".user").textContent()).toBe("What time is it?");
  },

  "stops an answer, and says so": async (page) => {
    await using server = await serving();
    await page.goto(server.url);
    await page.getByRole("button", { name: "What can you do?" }).click();
    await page.getByText("Thinking").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped.").waitFor();
    expect(await page.getByRole("button", { name: "Send" }).isVisible()).toBe(true);
  },

  "shows the code that the assistant runs, what that prints, and what it draws": async (page) => {
    await using server = await serving();
    await page.goto(server.url);
    await page.getByRole("button", { name: "Plot a sine wave" }).click();
    const image = page.getByAltText("What the tool drew");
    await image.waitFor();
    expect(
      await image.evaluate((shown) => (shown as unknown as { naturalWidth: number }).naturalWidth),
    ).toBeGreaterThan(100);
    await page.getByText("tokens in").waitFor();
    const texts = await page.locator("details[open] pre").allTextContents();
    expect(texts.join("\n")).toContain("import math");
    expect(texts.join("\n")).toContain("The area under half a sine wave is 2.00.");
  },

  "shows what a command prints while it runs": async (page) => {
    await using server = await serving();
    await page.goto(server.url);
    await page.getByLabel("Your message").fill("Run `echo first; sleep 60`");
    await page.keyboard.press("Enter");
    await page.getByText("first", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped.").waitFor(); // The command has really stopped: it would go on for a minute.
  },

  "shows text from outside as text": async (page) => {
    await using server = await serving();
    await page.goto(server.url);
    await page.getByLabel("Your message").fill("<img src=x onerror=alert(1)>");
    await page.keyboard.press("Enter");
    await page.getByText("tokens in").waitFor();
    expect(await page.locator("#log img").count()).toBe(0);
  },
});
