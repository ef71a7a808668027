import type { RunMemory } from "@agentscope-runtime/core";
import { tool } from "ai";
import type { ToolSet } from "ai";
import { z } from "zod";

export interface AssistantToolsOptions {
  readonly memory: RunMemory;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What the assistant can do besides talking: tell the time anywhere, and remember things about the user. */
export function assistantTools({ memory, now }: AssistantToolsOptions): ToolSet {
  return {
    current_time: tool({
      description: "The date and time of now in a time zone.",
      inputSchema: z.object({ timeZone: z.string().describe("An IANA name such as Europe/Berlin or UTC.") }),
      execute: ({ timeZone }) => timeIn(timeZone, now()),
    }),
    remember: tool({
      description: "Remember a fact about the user for later conversations.",
      inputSchema: z.object({ fact: z.string().min(1).max(2_000) }),
      execute: async ({ fact }) => {
        await memory.add([{ text: fact }]);
        return `Remembered: ${fact}`;
      },
    }),
  };
}

function timeIn(timeZone: string, now: number): string {
  try {
    const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long", timeZone });
    return format.format(now);
  } catch {
    throw new Error(`There is no time zone ${timeZone}: use an IANA name such as Europe/Berlin.`);
  }
}
