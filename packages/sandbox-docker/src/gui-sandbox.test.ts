import { describeWithDocker } from "@agentscope-runtime-tooling/docker";
import { GuiSandbox, guiSandboxType } from "@agentscope-runtime/sandbox";
import type { ComputerAction, McpToolResult } from "@agentscope-runtime/sandbox";
import { eventually } from "@agentscope-runtime/services/testing";
import type { DockerSandbox } from "./index.ts";
import { openTestBackend } from "./testing/test-backend.ts";
import type { TestBackend } from "./testing/test-backend.ts";

describeWithDocker("A GUI sandbox", "gui", (image) => {
  let opened: TestBackend;
  let sandbox: DockerSandbox;
  let gui: GuiSandbox;
  const use = async (action: ComputerAction): Promise<McpToolResult> => gui.computerUse(action);

  /** Starts a program with a window at a place, and waits until it is there. */
  async function open(command: string, title: string): Promise<void> {
    await sandbox.runShellCommand(
      `setsid ${command} >/dev/null 2>&1 </dev/null &
      until xdotool search --onlyvisible --name '${title}' >/dev/null 2>&1; do sleep 0.05; done; sleep 0.2`,
      { timeoutMs: 20_000 },
    );
  }

  beforeAll(async () => {
    opened = await openTestBackend();
    sandbox = await opened.backend.create({ type: { ...guiSandboxType, image: image() } });
    gui = new GuiSandbox(sandbox);
  }, 60_000);
  afterAll(() => opened[Symbol.asyncDispose]());

  it("sees the screen", async () => {
    const { content, isError } = await use({ action: "get_screenshot" });
    expect(isError).toBe(false);
    const [picture] = content;
    expect(picture).toMatchObject({ type: "image", mimeType: "image/png" });
    const png = Buffer.from(String(picture?.["data"]), "base64");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1280, 800]);
  });

  it("moves, clicks, drags and scrolls where it is told to", async () => {
    await open("sh -c 'xev -geometry 500x400+200+100 >/workspace/events.txt'", "Event Tester");
    await use({ action: "mouse_move", coordinate: [300, 300] });
    expect((await use({ action: "get_cursor_position" })).structuredContent).toEqual({ x: 300, y: 300 });
    await use({ action: "left_click", coordinate: [310, 310] });
    await use({ action: "right_click" });
    await use({ action: "double_click", coordinate: [320, 320] });
    await use({ action: "scroll", coordinate: [330, 330], text: "down" });
    await use({ action: "mouse_move", coordinate: [340, 340] });
    await use({ action: "left_click_drag", coordinate: [400, 400] });
    await use({ action: "key", text: "ctrl+s" });
    const events = await eventually(async () => {
      const said = await sandbox.files.readText("events.txt");
      return said.includes("keysym 0x73") ? said : undefined;
    });
    const presses = [...events.matchAll(/ButtonPress[^]*?root:\((\d+),(\d+)\)[^]*?button (\d)/g)].map(
      ([, x, y, button]) => `${button} ${x},${y}`,
    );
    expect(presses).toEqual([
      "1 310,310",
      "3 310,310",
      "1 320,320",
      "1 320,320",
      ...Array.from({ length: 5 }, () => "5 330,330"),
      "1 340,340",
    ]);
    const releases = [...events.matchAll(/ButtonRelease[^]*?root:\((\d+),(\d+)\)/g)];
    expect(releases.at(-1)?.slice(1)).toEqual(["400", "400"]);
    await sandbox.runShellCommand("pkill xev");
  });

  it.each(["plain words, and $igns: `'\"\\|<>", "héllo wörld 你好 日本語 42 €"])("types %s", async (words) => {
    await sandbox.files.write("typed.txt", "");
    await open("xterm -u8 -T typing -e sh -c 'cat >/workspace/typed.txt'", "typing");
    await use({ action: "left_click", coordinate: [60, 60] });
    await use({ action: "type", text: words });
    await use({ action: "key", text: "Enter" });
    await use({ action: "key", text: "ctrl+d" });
    await eventually(async () => (await sandbox.files.readText("typed.txt")) === `${words}\n` || undefined);
  });

  it.each<[string, object]>([
    ["coordinate", { action: "mouse_move" }],
    ["coordinate", { action: "left_click", coordinate: [5000, 1] }],
    ["text", { action: "type" }],
    ["text", { action: "key", text: "rm -rf /; echo" }],
    ["text", { action: "scroll", coordinate: [1, 1], text: "sideways" }],
    ["action", { action: "explode" }],
  ])("names the field %s of %j", async (field, toolArguments) => {
    const { content, isError } = await gui.callTool("computer", toolArguments);
    expect(isError).toBe(true);
    expect(JSON.stringify(content)).toContain(field);
  });

  it("begins again when the screen has crashed", async () => {
    await sandbox.runShellCommand("pkill -9 Xvnc");
    const result = await eventually(async () => use({ action: "get_screenshot" }).catch(() => undefined), {
      timeoutMs: 20_000,
    });
    expect(result.isError).toBe(false);
  }, 30_000);
});
