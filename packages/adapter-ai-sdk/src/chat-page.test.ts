import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describeInBrowser } from "@agentscope-runtime-tooling/testing";
import { AgentApp } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";

/** What a page of a user's does, with the class that `useChat` is made of. */
const page = `
import { AbstractChat } from "ai";
import { createClient } from "@agentscope-runtime/client";
import { chatTransport } from "@agentscope-runtime/adapter-ai-sdk";

class State {
  status = "ready";
  error = undefined;
  messages = [];
  pushMessage = (message) => { this.messages = [...this.messages, message]; };
  popMessage = () => { this.messages = this.messages.slice(0, -1); };
  replaceMessage = (index, message) => { this.messages = this.messages.with(index, message); };
  snapshot = (value) => structuredClone(value);
}
class Chat extends AbstractChat {
  constructor(init) { super({ ...init, state: new State() }); }
}

globalThis.talk = async () => {
  const transport = chatTransport({ client: createClient({ baseUrl: location.origin }) });
  const chat = new Chat({ id: "chat", transport });
  await chat.sendMessage({ text: "Pay bob." });
  await chat.addToolApprovalResponse({ id: "a1", approved: true });
  await chat.sendMessage();
  return { status: chat.status, error: chat.error?.message, messages: chat.messages };
};
`;

/** In a process of its own: the bundler does not take values of the realm that tests run in. */
const bundler = `
import { rolldown } from "rolldown";
const entry = process.cwd() + "/page.js";
const build = await rolldown({
  input: entry,
  platform: "browser",
  resolve: { conditionNames: ["@agentscope-runtime/source", "browser", "import", "default"] },
  plugins: [{
    name: "page",
    resolveId: (id) => (id === entry ? id : undefined),
    load: (id) => (id === entry ? process.env.PAGE : undefined),
  }],
});
const { output } = await build.generate({ format: "iife" });
process.stdout.write(output[0].code);
`;

async function bundled(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", bundler], {
    cwd: import.meta.dirname,
    env: { PAGE: page },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

describeInBrowser("a page with the SDK's chat", {
  "talks to an app, asks a person, and goes on in the same message": async (tab) => {
    await using sessions = new InProcessSessionHistory();
    await using state = new InProcessState();
    const app = new AgentApp({
      services: { sessions, state },
      async *query({ input }) {
        if (!input.some(({ type }) => type === "mcp_approval_response")) {
          yield { type: "tool.call", callId: "c1", name: "pay", arguments: { to: "bob" } };
          yield { type: "approval.request", id: "a1", name: "pay", arguments: { to: "bob" } };
          return;
        }
        yield { type: "tool.result", callId: "c1", output: "paid" };
        yield "It is paid.";
      },
    });
    await using server = await serve(app, { port: 0 });
    await tab.goto(`${server.url}/health`);
    await tab.addScriptTag({ content: await bundled() });
    expect(await tab.evaluate("talk()")).toMatchObject({
      status: "ready",
      messages: [
        { role: "user", parts: [{ type: "text", text: "Pay bob." }] },
        {
          role: "assistant",
          parts: [
            { type: "step-start" },
            { type: "tool-pay", state: "output-available", output: "paid" },
            { type: "step-start" },
            { type: "text", text: "It is paid." },
          ],
        },
      ],
    });
  },
});
