import type { Asked } from "./response-request.ts";

/** Whether a client's `tool_choice` lets a function of this name be called. */
export function allowsCall(choice: Asked["tool_choice"], name: string): boolean {
  if (choice === "none") return false;
  if (typeof choice !== "object" || choice?.type !== "allowed_tools") return true;
  if (choice["mode"] === "none") return false;
  const { tools } = choice as { readonly tools?: unknown };
  return !Array.isArray(tools) || tools.some((tool: { readonly name?: unknown } | null) => tool?.name === name);
}
