import type { Memory, MemoryService } from "@agentscope-runtime/services";

export interface OpenAIAgentsMemoryStoreOptions {
  readonly memory: MemoryService;
  readonly userId: string;
  /** Names this agent's memories among the user's. Default `openai-agents`. */
  readonly name?: string;
}

/** The `MemoryStore` of the OpenAI Agents SDK. */
export interface OpenAIAgentsMemoryStore {
  read(path: string): Promise<Uint8Array | null>;
  write(path: string, data: Uint8Array): Promise<void>;
  delete(path: string): Promise<void>;
  list(prefix: string): Promise<string[]>;
}

const pageSize = 200;

/**
 * A `MemoryStore` of the OpenAI Agents SDK over a `MemoryService`: `memory({ store })` in a `SandboxAgent`'s capabilities. What the agent
 * writes down about its user in one sandbox is there in the next one, and other agents find it with `memory.search`.
 *
 * Each file is a memory of the user's, and the last write counts. Files are text.
 */
export function createOpenAIAgentsMemoryStore(options: OpenAIAgentsMemoryStoreOptions): OpenAIAgentsMemoryStore {
  const { memory, userId, name = "openai-agents" } = options;
  const scope = { userId, sessionId: name };
  const files = async function* (): AsyncGenerator<{ readonly file: Memory; readonly path: string }> {
    let cursor: string | undefined;
    do {
      const page = await memory.list(scope, { limit: pageSize, cursor });
      for (const file of page.items) {
        const path = file.metadata["path"];
        if (typeof path === "string") yield { file, path };
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  };
  const idsOf = async (wanted: string): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { file, path } of files()) if (path === wanted) ids.push(file.id);
    return ids;
  };
  return {
    async read(path) {
      const wanted = normal(path);
      // The newest comes first.
      for await (const { file, path: found } of files()) {
        if (found === wanted) return new TextEncoder().encode(textOf(file));
      }
      return null;
    },
    async write(path, data) {
      const wanted = normal(path);
      const before = await idsOf(wanted);
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
      // A memory of nothing is not one.
      const isEmpty = text.trim() === "";
      const metadata = isEmpty ? { path: wanted, text } : { path: wanted };
      await memory.add(scope, [{ text: isEmpty ? wanted : text, metadata }]);
      await memory.delete(scope, before);
    },
    async delete(path) {
      await memory.delete(scope, await idsOf(normal(path)));
    },
    async list(prefix) {
      const beginning = normal(prefix) === "" ? "" : `${normal(prefix)}/`;
      const paths = new Set<string>();
      for await (const { path } of files()) if (path.startsWith(beginning)) paths.add(path);
      return [...paths].toSorted();
    },
  };
}

function textOf({ text, metadata }: Memory): string {
  return typeof metadata["text"] === "string" ? metadata["text"] : text;
}

function normal(path: string): string {
  return path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
}
