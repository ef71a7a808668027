import { text } from "node:stream/consumers";
import { describeWithDocker } from "@agentscope-runtime-tooling/docker";
import { BrowserSandbox, browserSandboxType } from "@agentscope-runtime/sandbox";
import type { McpToolResult } from "@agentscope-runtime/sandbox";
import { boxPorts } from "@agentscope-runtime/sandbox/box";
import { eventually } from "@agentscope-runtime/services/testing";
import type { DockerSandbox, EgressRequest } from "./index.ts";
import { openTestBackend } from "./testing/test-backend.ts";
import type { TestBackend } from "./testing/test-backend.ts";

const shop = `<!doctype html><meta charset="utf-8"><title>Shop</title><h1>Tea 茶 🍵</h1>
<label>Your name <input></label> <button onclick="document.title = document.querySelector('p').textContent =
  'Hello ' + document.querySelector('input').value">Greet</button><p></p>
<select aria-label="Kind"><option>green<option>black</select>`;

const origin = "http://127.0.0.1:8000";

function textOf({ content }: McpToolResult): string {
  return content.map((part) => (typeof part["text"] === "string" ? part["text"] : "")).join("\n");
}

/** What the snapshot calls an element. */
function refOf(result: McpToolResult, name: string): { readonly element: string; readonly ref: string } {
  const [, ref] = new RegExp(`${name}"[^\n]*\\[ref=(\\w+)\\]`).exec(textOf(result)) ?? [];
  if (ref === undefined) throw new Error(`There is no ${name} in: ${textOf(result)}`);
  return { element: name, ref };
}

describeWithDocker("A browser sandbox", "browser", (image) => {
  let opened: TestBackend;
  let sandbox: DockerSandbox;
  let browser: BrowserSandbox;
  const asked: EgressRequest[] = [];

  beforeAll(async () => {
    opened = await openTestBackend({ onEgress: (request) => asked.push(request) });
    sandbox = await opened.backend.create({ type: { ...browserSandboxType, image: image() } });
    browser = new BrowserSandbox(sandbox);
    await sandbox.files.write("shop.html", shop);
    await sandbox.runShellCommand(
      `python3 -m http.server 8000 --bind 127.0.0.1 >/dev/null 2>&1 &
      until curl -fsS ${origin}/shop.html >/dev/null 2>&1; do sleep 0.05; done`,
      { timeoutMs: 20_000 },
    );
  }, 60_000);
  afterAll(() => opened[Symbol.asyncDispose]());

  it("drives a page: looks, types, clicks, and sees what has changed", async () => {
    const page = await browser.browserNavigate(`${origin}/shop.html`);
    expect(textOf(page)).toContain("Tea 茶 🍵");
    await browser.browserType(refOf(page, "Your name"), "Zoë 你好");
    const greeted = await browser.browserClick(refOf(page, "Greet"));
    expect(textOf(greeted)).toContain("Hello Zoë 你好");
    const kind = await browser.browserSelectOption(refOf(greeted, "Kind"), ["black"]);
    expect(textOf(kind)).toMatch(/option "black" \[selected\]/);
  });

  it("goes back and forward, and has tabs", async () => {
    await browser.browserNavigate(`${origin}/shop.html`);
    await browser.browserNavigate(`${origin}/?second`);
    expect(textOf(await browser.browserNavigateBack())).toContain("Shop");
    expect(textOf(await browser.browserNavigateForward())).toContain("second");
    await browser.browserTabNew(`${origin}/shop.html`);
    expect(textOf(await browser.browserTabList()).match(/^- \d/gm)).toHaveLength(2);
    await browser.browserTabSelect(0);
    await browser.browserTabClose(1);
    expect(textOf(await browser.browserTabList()).match(/^- \d/gm)).toHaveLength(1);
  });

  it("shows the page as a picture, and saves it as PDF to the workspace", async () => {
    await browser.browserNavigate(`${origin}/shop.html`);
    const { content } = await browser.browserTakeScreenshot();
    const picture = content.find(({ type }) => type === "image");
    expect(picture).toMatchObject({ mimeType: "image/png" });
    const png = Buffer.from(String(picture?.["data"]), "base64");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([expect.any(Number), expect.any(Number)]);
    await browser.browserPdfSave("shop.pdf");
    expect(Buffer.from(await sandbox.files.read("shop.pdf")).toString("latin1", 0, 5)).toBe("%PDF-");
  });

  it("tells what is wrong with arguments, and which tools there are", async () => {
    const wrong = await browser.callTool("browser_click", { element: "nothing" });
    expect(wrong).toMatchObject({ isError: true });
    expect(textOf(wrong)).toContain("ref");
    const gone = await browser.browserClick({ element: "nothing", ref: "e999" });
    expect(gone.isError).toBe(true);
    await expect(browser.callTool("browser_fly", {})).rejects.toMatchObject({ code: "not_found" });
  });

  it("leaves the box by its proxy only, which knows what was asked", async () => {
    const page = await browser.browserNavigate("http://evil.example/");
    expect(textOf(page)).not.toContain("Tea");
    expect(asked).toContainEqual(expect.objectContaining({ host: "evil.example", allowed: false }));
  });

  it("runs pages behind Chromium's own walls, inside of the box's", async () => {
    await browser.browserNavigate(`${origin}/shop.html`);
    const script = String.raw`own=$(readlink /proc/self/ns/user)
      for process in $(pgrep -f -- --type=renderer); do
        [ "$(readlink /proc/$process/ns/user)" != "$own" ] && grep -q '^Seccomp:\s*2' /proc/$process/status && echo walled
      done`;
    expect((await sandbox.runShellCommand(script)).stdout).toContain("walled");
  });

  it("speaks the Chrome DevTools Protocol on a port of the box", async () => {
    const socket = await sandbox.connect(boxPorts.cdp);
    socket.write(`GET /json/version HTTP/1.1\r\nHost: 127.0.0.1:${boxPorts.cdp}\r\n\r\n`);
    let said = "";
    socket.on("data", (piece: Buffer) => (said += piece.toString()));
    await eventually(async () => said.includes("webSocketDebuggerUrl") || undefined);
    socket.destroy();
  });

  it("shows its desktop to a person", async () => {
    const page = await sandbox.connect(boxPorts.desktop);
    page.end("GET / HTTP/1.0\r\nHost: box\r\n\r\n");
    expect(await text(page)).toContain("./core/rfb.js");
    const screen = await sandbox.connect(boxPorts.desktop);
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    screen.write(
      `GET /websockify HTTP/1.1\r\nHost: box\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    let said = "";
    screen.on("data", (piece: Buffer) => (said += piece.toString("latin1")));
    await eventually(async () => said.includes("RFB 003.008") || undefined);
    screen.destroy();
  });

  it("begins again after a crash, and says so meanwhile", async () => {
    await sandbox.runShellCommand("pkill -9 -o chromium");
    const page = await eventually(
      async () => {
        const result = await browser.browserNavigate(`${origin}/shop.html`);
        return result.isError ? undefined : result;
      },
      { timeoutMs: 20_000 },
    );
    expect(textOf(page)).toContain("Tea 茶 🍵");
  }, 30_000);
});
