import { isObject } from "@agentscope-runtime/core/adapter";
import { getTextAtPath } from "@langchain/langgraph-checkpoint";

/** The words of an item that a search looks at: those at the paths, or all of its texts; none when it is not to be found. */
export function storeText(
  value: Readonly<Record<string, unknown>>,
  index: false | readonly string[] | undefined,
): string {
  if (index === false) return "";
  if (index === undefined || index.includes("$")) return textsIn(value).join("\n");
  return index.flatMap((path) => textAt(value, path)).join("\n");
}

function textAt(value: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  try {
    return getTextAtPath(value, path);
  } catch {
    return []; // A path into what is not there.
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}
