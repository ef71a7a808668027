import { browserDialect } from "./browser-dialect.ts";

const dialect = browserDialect("browser");
const tool = (name: string, properties: object = {}, required: readonly string[] = [], server = "browser") => ({
  name,
  description: name,
  server,
  inputSchema: { type: "object", properties, required },
});

it("shows the server's tools with our names of arguments, tabs one by one, and none of those that are not for agents", () => {
  const shown = dialect.show([
    tool("browser_click", { element: {}, target: {} }, ["target"]),
    tool("browser_console_messages", { level: {} }, ["level"]),
    tool("browser_run_code_unsafe"),
    tool("browser_tabs", { action: {} }, ["action"]),
    tool("browser_tabs", {}, [], "somebody else's"),
  ]);
  const [click, messages] = shown;
  expect(click?.inputSchema).toEqual({ type: "object", properties: { element: {}, ref: {} }, required: ["ref"] });
  expect(messages?.inputSchema["required"]).toEqual([]);
  const names = shown.map(({ server, name }) => `${server}.${name}`);
  expect(names).not.toContain("browser.browser_run_code_unsafe");
  expect(names).not.toContain("browser.browser_tabs");
  expect(names).toEqual(expect.arrayContaining(["browser.browser_tab_list", "somebody else's.browser_tabs"]));
});

it("shows nothing of a browser where there is none", () => {
  expect(dialect.show([tool("look", {}, [], "other")])).toEqual([tool("look", {}, [], "other")]);
});

it.each([
  ["browser_click", { element: "a", ref: "e1" }, "browser_click", { element: "a", target: "e1" }],
  ["browser_drag", { startRef: "e1", endRef: "e2" }, "browser_drag", { startTarget: "e1", endTarget: "e2" }],
  ["browser_tab_select", { index: 2 }, "browser_tabs", { action: "select", index: 2 }],
  ["browser_take_screenshot", { raw: true }, "browser_take_screenshot", { scale: "css", type: "png" }],
  ["browser_take_screenshot", {}, "browser_take_screenshot", { scale: "css" }],
  ["browser_network_requests", {}, "browser_network_requests", { static: false }],
  ["look", { raw: 1, ref: 2 }, "look", { raw: 1, ref: 2 }],
])("asks for %s %j", (name, given, asked, toolArguments) => {
  expect(dialect.translate(name, given)).toMatchObject({ name: asked, arguments: toolArguments });
});

it("looks at the page again after what changes it", () => {
  expect(dialect.translate("browser_navigate", { url: "http://x/" }).follow).toMatchObject({
    name: "browser_snapshot",
  });
  expect(dialect.translate("browser_snapshot", {}).follow).toBeUndefined();
});

it("names the argument that is missing", () => {
  expect(() => dialect.translate("browser_type", { ref: "e1" })).toThrow(/browser_type: text/);
});
