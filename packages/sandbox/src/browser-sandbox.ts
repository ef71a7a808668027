import type { CallOptions } from "@agentscope-runtime/services";
import { BaseSandbox } from "./base-sandbox.ts";
import type { McpToolResult } from "./sandbox-tool.ts";

/** An element of a page: what it is, for people, and its reference in the latest snapshot. */
export interface BrowserElement {
  readonly element: string;
  readonly ref: string;
}

export interface BrowserTypeOptions extends CallOptions {
  /** Presses Enter afterwards. Default false. */
  readonly submit?: boolean;
  /** One key at a time, for pages that listen. Default false. */
  readonly slowly?: boolean;
}

export interface BrowserScreenshotOptions extends CallOptions {
  readonly raw?: boolean;
  readonly filename?: string;
  /** Of this alone. Default the page. */
  readonly of?: BrowserElement;
}

/** What to wait for; one of them. */
export interface BrowserWait {
  /** Seconds. */
  readonly time?: number;
  readonly text?: string;
  readonly textGone?: string;
}

/** The tools of a `browser` sandbox as methods, each named like its tool. */
export class BrowserSandbox extends BaseSandbox {
  async browserNavigate(url: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_navigate", { url }, options);
  }

  async browserNavigateBack(options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_navigate_back", {}, options);
  }

  async browserNavigateForward(options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_navigate_forward", {}, options);
  }

  /** The page as a tree of elements, with the references that other tools take. */
  async browserSnapshot(options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_snapshot", {}, options);
  }

  async browserClick(element: BrowserElement, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_click", { ...element }, options);
  }

  async browserDrag(start: BrowserElement, end: BrowserElement, options?: CallOptions): Promise<McpToolResult> {
    const places = {
      startElement: start.element,
      startRef: start.ref,
      endElement: end.element,
      endRef: end.ref,
    };
    return this.callTool("browser_drag", places, options);
  }

  async browserHover(element: BrowserElement, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_hover", { ...element }, options);
  }

  async browserType(
    element: BrowserElement,
    text: string,
    { submit = false, slowly = false, ...options }: BrowserTypeOptions = {},
  ): Promise<McpToolResult> {
    return this.callTool("browser_type", { ...element, text, submit, slowly }, options);
  }

  async browserSelectOption(
    element: BrowserElement,
    values: readonly string[],
    options?: CallOptions,
  ): Promise<McpToolResult> {
    return this.callTool("browser_select_option", { ...element, values }, options);
  }

  async browserPressKey(key: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_press_key", { key }, options);
  }

  async browserTakeScreenshot({ of, ...rest }: BrowserScreenshotOptions = {}): Promise<McpToolResult> {
    const { signal, ...how } = rest;
    return this.callTool("browser_take_screenshot", { ...how, ...of }, { signal });
  }

  async browserPdfSave(filename?: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_pdf_save", filename === undefined ? {} : { filename }, options);
  }

  async browserResize(width: number, height: number, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_resize", { width, height }, options);
  }

  async browserConsoleMessages(options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_console_messages", {}, options);
  }

  async browserNetworkRequests(options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_network_requests", {}, options);
  }

  async browserHandleDialog(
    accept: boolean,
    { promptText, ...options }: CallOptions & { readonly promptText?: string } = {},
  ): Promise<McpToolResult> {
    return this.callTool("browser_handle_dialog", { accept, ...(promptText !== undefined && { promptText }) }, options);
  }

  async browserFileUpload(paths: readonly string[], options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_file_upload", { paths }, options);
  }

  async browserTabList(options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_tab_list", {}, options);
  }

  async browserTabNew(url?: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_tab_new", url === undefined ? {} : { url }, options);
  }

  async browserTabSelect(index: number, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_tab_select", { index }, options);
  }

  /** Default the tab that is shown. */
  async browserTabClose(index?: number, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_tab_close", index === undefined ? {} : { index }, options);
  }

  async browserWaitFor(wait: BrowserWait, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_wait_for", wait, options);
  }

  async browserClose(options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("browser_close", {}, options);
  }
}
