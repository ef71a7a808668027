/** An item's place: in which run, and whether it was asked or answered there. */
export interface ItemPlace {
  readonly runId: string;
  readonly side: "input" | "output";
  readonly index: number;
}

const prefixes: Readonly<Record<string, string>> = {
  message: "msg",
  reasoning: "rs",
  function_call: "fc",
  function_call_output: "fco",
  mcp_call: "mcp",
  mcp_list_tools: "mcpl",
  mcp_approval_request: "mcpr",
  mcp_approval_response: "mcpa",
  compaction: "cmp",
};

/** Ids say where an item is, so that one can be referred to later without an index of all items. */
export function itemId(type: string, { runId, side, index }: ItemPlace): string {
  return `${prefixes[type] ?? "item"}_${side === "input" ? "i" : "o"}${index}_${runId}`;
}

/** Undefined when it is no id of ours. */
export function parseItemId(id: string): ItemPlace | undefined {
  const [, side, index, runId] = /^[a-z]+_([io])(\d{1,9})_(.+)$/.exec(id) ?? [];
  if (side === undefined || index === undefined || runId === undefined) return undefined;
  return { runId, side: side === "i" ? "input" : "output", index: Number(index) };
}
