import { RuntimeError } from "@agentscope-runtime/protocol";

/** One chunk of a graph's stream, whatever shape the options gave it. */
export interface GraphEvent {
  /** The path of subgraphs that it comes from; empty for the graph itself. */
  readonly namespace: readonly string[];
  readonly mode: string;
  readonly payload: unknown;
}

/** `[mode, payload]`, or `[namespace, mode, payload]` with `subgraphs`. Without a mode nobody can tell what a chunk is. */
export function parseGraphEvent(chunk: unknown): GraphEvent {
  if (Array.isArray(chunk)) {
    const [first, second, third] = chunk as readonly unknown[];
    if (chunk.length === 2 && typeof first === "string") return { namespace: [], mode: first, payload: second };
    if (chunk.length === 3 && typeof second === "string" && isPath(first)) {
      return { namespace: first, mode: second, payload: third };
    }
  }
  const message =
    'A chunk of the graph does not name its mode: stream with a list, `streamMode: ["messages", "updates"]`.';
  throw new RuntimeError("invalid_argument", message);
}

function isPath(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((label) => typeof label === "string");
}
