import { callHandler, eventsOf, jsonOf } from "@agentscope-runtime/core/testing";
import type { AgentApp } from "@agentscope-runtime/core";
import type { AgentResponse } from "@agentscope-runtime/protocol";
import { assistantApp } from "./assistant-app.ts";
import { modelFrom } from "./model.ts";
import { servicesInProcess } from "./services-in-process.ts";

async function startedApp(): Promise<AgentApp> {
  const services = servicesInProcess();
  const now = (): number => Date.UTC(2026, 0, 2, 3, 4, 5);
  const app = assistantApp({ model: modelFrom({ provider: undefined }), services, now });
  await app.start();
  return app;
}

async function ask(app: AgentApp, text: string, session_id = "s"): Promise<AgentResponse> {
  const input = [{ role: "user", content: [{ type: "text", text }] }];
  const events = eventsOf(
    await callHandler(app.handle, { path: "/process", body: { input, session_id, user_id: "u" } }),
  );
  const last = (await Array.fromAsync(events)).at(-1);
  if (last?.object !== "response") throw new Error("The stream has no end.");
  return last;
}

describe("the assistant without a key", () => {
  it("thinks, really calls a tool, and says that it is a demo", async () => {
    await using app = await startedApp();
    const { status, output, usage } = await ask(app, "What time is it?");
    expect(status).toBe("completed");
    expect(output?.map(({ type }) => type)).toEqual(["reasoning", "plugin_call", "plugin_call_output", "message"]);
    expect(JSON.stringify(output?.[2])).toContain("Friday, 2 January 2026 at 03:04:05 UTC");
    expect(JSON.stringify(output?.[3])).toMatch(/demo answer.*What time is it\?.*2 January 2026/);
    expect(usage).toMatchObject({ input_tokens: expect.any(Number), output_tokens: expect.any(Number) });
  });

  it("remembers what it is told, for later sessions", async () => {
    await using app = await startedApp();
    const { output } = await ask(app, "Please remember that I like green tea.");
    expect(JSON.stringify(output)).toContain("Remembered: I like green tea.");
  });

  it("keeps the conversation, and goes on with it", async () => {
    await using app = await startedApp();
    await ask(app, "One?");
    expect(await ask(app, "Two?")).toMatchObject({ status: "completed" });
    const reply = await callHandler(app.handle, { method: "GET", path: "/sessions/s/messages?user_id=u" });
    expect(jsonOf(reply)).toMatchObject({ data: { length: 10 } });
  });
});
