import type { RunMemory } from "@agentscope-runtime/core";
import { defineTool } from "@agentscope-runtime/tools";
import type { Tool } from "@agentscope-runtime/tools";
import { z } from "zod";

const recordInput = z.object({
  thinking: z.string().describe("Why this is worth remembering.").optional(),
  content: z.array(z.string()).min(1).describe("What to remember: each a sentence that stands for itself."),
});
const retrieveInput = z.object({
  keywords: z.array(z.string()).min(1).describe("Words to search by, such as a name, a place or a thing."),
  limit: z.int().min(1).max(100).default(5).describe("How many memories for each keyword."),
});

/**
 * The two tools by which agents of AgentScope keep a long-term memory, over our MemoryService: `record_to_memory` and
 * `retrieve_from_memory`. The framework for TypeScript has no memory of its own.
 */
export function createMemoryTools(memory: RunMemory): Tool[] {
  return [
    defineTool({
      name: "record_to_memory",
      description: "Remembers facts about the user for later conversations. Use it for what will still matter then.",
      input: recordInput,
      run: async ({ content }) => {
        await memory.add(content.map((text) => ({ text })));
        return "Remembered.";
      },
    }) as Tool,
    defineTool({
      name: "retrieve_from_memory",
      description: "Finds what is remembered about the user from earlier conversations.",
      input: retrieveInput,
      readOnly: true,
      run: async ({ keywords, limit }) => {
        const found = await Promise.all(keywords.map((keyword) => memory.search(keyword, { limit })));
        const texts = new Set(found.flat().map(({ text }) => text));
        return texts.size === 0 ? "Nothing is remembered about this." : [...texts].join("\n");
      },
    }) as Tool,
  ];
}
