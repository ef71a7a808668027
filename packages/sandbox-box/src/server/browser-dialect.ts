import { RuntimeError } from "@agentscope-runtime/protocol";
import type { SandboxTool } from "@agentscope-runtime/sandbox";
import type { ToolCall, ToolDialect } from "@agentscope-runtime/sandbox/local";

type Arguments = Readonly<Record<string, unknown>>;
type Schema = Readonly<Record<string, unknown>>;

/** Elements that a tool cannot do without. */
const needed: Readonly<Record<string, readonly string[]>> = {
  browser_click: ["ref"],
  browser_drag: ["startRef", "endRef"],
  browser_hover: ["ref"],
  browser_select_option: ["ref", "values"],
  browser_type: ["ref", "text"],
};

/** Of the server; everything else of it that has no name of ours stays inside. */
const shown = new Set([
  "browser_click",
  "browser_close",
  "browser_console_messages",
  "browser_drag",
  "browser_evaluate",
  "browser_file_upload",
  "browser_fill_form",
  "browser_find",
  "browser_handle_dialog",
  "browser_hover",
  "browser_mouse_click_xy",
  "browser_mouse_drag_xy",
  "browser_mouse_move_xy",
  "browser_mouse_wheel",
  "browser_navigate",
  "browser_navigate_back",
  "browser_network_requests",
  "browser_pdf_save",
  "browser_press_key",
  "browser_resize",
  "browser_select_option",
  "browser_snapshot",
  "browser_take_screenshot",
  "browser_type",
  "browser_wait_for",
]);

/** How the server calls an argument, and how we do. */
const names: Readonly<Record<string, string>> = { target: "ref", startTarget: "startRef", endTarget: "endRef" };
const serverNames = Object.fromEntries(Object.entries(names).map(([theirs, ours]) => [ours, theirs]));

/** What the server wants and our callers need not say. */
const defaults: Readonly<Record<string, Arguments>> = {
  browser_console_messages: { level: "info" },
  browser_network_requests: { static: false },
  browser_take_screenshot: { scale: "css" },
};

/** They change what is seen: the page as it is then comes with their answer, and the references that the next call needs. */
const changing = new Set([
  "browser_click",
  "browser_drag",
  "browser_file_upload",
  "browser_fill_form",
  "browser_handle_dialog",
  "browser_hover",
  "browser_mouse_click_xy",
  "browser_mouse_drag_xy",
  "browser_navigate",
  "browser_navigate_back",
  "browser_navigate_forward",
  "browser_press_key",
  "browser_select_option",
  "browser_tab_new",
  "browser_tab_select",
  "browser_type",
  "browser_wait_for",
]);

const url = { type: "string", description: "Where to go." };
const index = { type: "integer", minimum: 0, description: "Of the tab, from 0." };

interface OwnTool {
  readonly description: string;
  readonly properties: Arguments;
  readonly required?: readonly string[];
  readonly call: (toolArguments: Arguments) => ToolCall;
}

const tabs = (action: string, toolArguments: Arguments): ToolCall => ({
  name: "browser_tabs",
  arguments: { action, ...toolArguments },
});

/** Tools of ours that the server has under another name. */
const own: Readonly<Record<string, OwnTool>> = {
  browser_navigate_forward: {
    description: "Goes forward to the next page.",
    properties: {},
    call: () => ({ name: "browser_evaluate", arguments: { function: "() => history.forward()" } }),
  },
  browser_tab_list: { description: "Lists the tabs.", properties: {}, call: () => tabs("list", {}) },
  browser_tab_new: {
    description: "Opens a tab.",
    properties: { url },
    call: (toolArguments) => tabs("new", toolArguments),
  },
  browser_tab_select: {
    description: "Shows a tab.",
    properties: { index },
    required: ["index"],
    call: (toolArguments) => tabs("select", toolArguments),
  },
  browser_tab_close: {
    description: "Closes a tab; by default the one that is shown.",
    properties: { index },
    call: (toolArguments) => tabs("close", toolArguments),
  },
};

/**
 * Playwright's MCP server, whose tools and arguments have changed their names over the years, in the words of AgentScope Runtime's
 * browser sandbox: an element is `element` and `ref`, tabs have a tool for each thing that can be done with them.
 */
export function browserDialect(server: string): ToolDialect {
  const ownTools = Object.entries(own).map(([name, { description, properties, required = [] }]) => ({
    name,
    description,
    inputSchema: { type: "object", properties, required },
    server,
  }));
  return {
    show: (tools) => {
      const [theirs, others] = [
        tools.filter((tool) => tool.server === server),
        tools.filter((tool) => tool.server !== server),
      ];
      if (theirs.length === 0) return others;
      return [...theirs.filter(({ name }) => shown.has(name)).map(toShown), ...ownTools, ...others];
    },
    translate: (name, toolArguments) => {
      const call = translated(name, toolArguments);
      return changing.has(name) ? { ...call, follow: { name: "browser_snapshot", arguments: {} } } : call;
    },
  };
}

function translated(name: string, toolArguments: Arguments): ToolCall {
  // The server would complain in its own words.
  const missing = needed[name]?.find((field) => toolArguments[field] === undefined);
  if (missing !== undefined) {
    const remedy = missing.toLowerCase().endsWith("ref") ? " Take it from a snapshot." : "";
    throw new RuntimeError("invalid_argument", `Invalid arguments of ${name}: ${missing} is missing.${remedy}`);
  }
  const ours = own[name];
  if (ours !== undefined) return ours.call(toolArguments);
  if (!shown.has(name)) return { name, arguments: toolArguments };
  return { name, arguments: { ...defaults[name], ...toServer(name, toolArguments) } };
}

function toShown(tool: SandboxTool): SandboxTool {
  const {
    properties = {},
    required = [],
    ...schema
  } = tool.inputSchema as {
    readonly properties?: Schema;
    readonly required?: readonly string[];
  };
  const optional = Object.keys(defaults[tool.name] ?? {});
  return {
    ...tool,
    inputSchema: {
      ...schema,
      properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [names[name] ?? name, value])),
      required: required.filter((name) => !optional.includes(name)).map((name) => names[name] ?? name),
    },
  };
}

function toServer(name: string, toolArguments: Arguments): Arguments {
  // Pictures are PNG unless somebody wants them small.
  const { raw, ...rest } = toolArguments;
  const type =
    name === "browser_take_screenshot" && "raw" in toolArguments ? { type: raw === true ? "png" : "jpeg" } : {};
  const said = Object.entries(name === "browser_take_screenshot" ? rest : toolArguments);
  return { ...type, ...Object.fromEntries(said.map(([key, value]) => [serverNames[key] ?? key, value])) };
}
