import type { CallOptions } from "@agentscope-runtime/services";
import { BaseSandbox } from "./base-sandbox.ts";
import type { McpToolResult } from "./sandbox-tool.ts";

/** Pixels from the left and from the top. */
export type ScreenPoint = readonly [x: number, y: number];

/** What the `computer` tool does. */
export type ComputerAction =
  | { readonly action: "key" | "type"; readonly text: string }
  | { readonly action: "mouse_move" | "left_click_drag"; readonly coordinate: ScreenPoint }
  | {
      readonly action: "left_click" | "right_click" | "middle_click" | "double_click";
      /** Default where the pointer is. */
      readonly coordinate?: ScreenPoint;
    }
  | { readonly action: "scroll"; readonly coordinate: ScreenPoint; readonly text: "up" | "down" | "left" | "right" }
  | { readonly action: "get_screenshot" | "get_cursor_position" };

/** The tools of a `gui` sandbox as methods. */
export class GuiSandbox extends BaseSandbox {
  /** Tool `computer`: mouse, keyboard, and screenshots as images. */
  async computerUse(action: ComputerAction, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("computer", action, options);
  }
}
