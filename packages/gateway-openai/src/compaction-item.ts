import { RuntimeError } from "@agentscope-runtime/protocol";

/** What was said before, in short, as an item that stands for all of it. */
export interface CompactionItem {
  readonly type: "compaction";
  readonly id: string;
  /** For nobody but this gateway to read. It holds nothing that its caller may not know. */
  readonly encrypted_content: string;
}

const prefix = "summary1.";
const heading = "What was said so far, in short:\n\n";

export function toCompaction(id: string, summary: string): CompactionItem {
  return { type: "compaction", id, encrypted_content: prefix + Buffer.from(summary).toString("base64url") };
}

/** What the agent is told in place of all that was said. */
export function fromCompaction(content: string): string {
  if (content.startsWith(prefix)) return heading + Buffer.from(content.slice(prefix.length), "base64url").toString();
  throw new RuntimeError(
    "invalid_argument",
    "Invalid request: input: the compaction item was not made by this server.",
    {
      details: { field: "input" },
    },
  );
}
