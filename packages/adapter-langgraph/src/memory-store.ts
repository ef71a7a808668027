import { isObject } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { FoundMemory, Memory, MemoryScope, MemoryService } from "@agentscope-runtime/services";
import { BaseStore } from "@langchain/langgraph-checkpoint";
import type {
  GetOperation,
  Item,
  ListNamespacesOperation,
  MatchCondition,
  Operation,
  OperationResults,
  PutOperation,
  SearchItem,
  SearchOperation,
} from "@langchain/langgraph-checkpoint";
import { z } from "zod";
import { asJson } from "./json.ts";
import { fitsFilter } from "./store-filter.ts";
import { storeText } from "./store-text.ts";

export interface MemoryStoreOptions {
  /** Yours: it is not closed. */
  readonly memory: MemoryService;
  /** Whose memories these are. */
  readonly userId: string;
  /** Items are forgotten after this many milliseconds. Default: never. */
  readonly ttlMs?: number;
}

/** How many memories a query looks at, before namespaces and filters. */
const mostFound = 1000;
const defaultLimit = 10;

const itemSchema = z.object({
  langgraph: z.object({
    namespace: z.array(z.string()),
    key: z.string(),
    value: z.record(z.string(), z.unknown()),
    createdAt: z.number(),
  }),
});

/**
 * LangGraph's long-term store over one user's memories, for `graph.compile({ store })` or a run's `config.store`.
 *
 * An item is a memory: its texts, or those at the paths of `index`, are what a query is matched with, by words, and by meaning where
 * the service has an embedder. So the user's memories of other agents and doors find it too; the store itself sees its own items only.
 * A query returns what matches, best first, out of the user's 1,000 nearest memories; a search without one returns what was put
 * last first. Both need as many calls as there are pages of the user's memories. Racing puts of one item: the last one counts, whole.
 *
 * Values are JSON objects; anything else is `invalid_argument`.
 *
 * @example
 * ```ts
 * createLangGraphHandler(agent, {
 *   config: (_request, { session: { userId } }) => ({ store: new MemoryStore({ memory, userId }) }),
 * });
 * ```
 */
export class MemoryStore extends BaseStore {
  readonly #memory: MemoryService;
  readonly #userId: string;
  readonly #ttlMs: number | undefined;

  constructor({ memory, userId, ttlMs }: MemoryStoreOptions) {
    super();
    this.#memory = memory;
    this.#userId = userId;
    this.#ttlMs = ttlMs;
  }

  /** One operation after the other, each seeing what those before it did. */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const results: unknown[] = [];
    for (const operation of operations) results.push(await this.#run(operation));
    return results as OperationResults<Op>; // One result per operation, of its kind.
  }

  async #run(operation: Operation): Promise<unknown> {
    if ("namespacePrefix" in operation) return this.#search(operation);
    if ("value" in operation) return this.#put(operation);
    if ("key" in operation) return this.#get(operation);
    return this.#listNamespaces(operation);
  }

  async #get({ namespace, key }: GetOperation): Promise<Item | null> {
    const { items } = await this.#memory.list(this.#scopeOf(namespace, key), { limit: 1 });
    const [newest] = items;
    return (newest && toItem(newest)) ?? null;
  }

  /** The new memory first, and then those before it are forgotten: whoever reads in between finds one of them. */
  async #put({ namespace, key, value, index }: PutOperation): Promise<void> {
    const scope = this.#scopeOf(namespace, key);
    const before = await this.#all(scope);
    if (value !== null) {
      const json = asJson(value);
      if (!isObject(json)) throw new RuntimeError("invalid_argument", `The value of ${key} is no JSON object.`);
      const createdAt =
        before
          .map(toItem)
          .find((item) => item !== undefined)
          ?.createdAt.getTime() ?? Date.now();
      const [added] = await this.#memory.add(scope, [
        {
          text: storeText(json, index),
          metadata: { langgraph: { namespace, key, value: json, createdAt } },
          ...(this.#ttlMs !== undefined && { ttlMs: this.#ttlMs }),
        },
      ]);
      // Others may have put since; of those only the older ones go.
      const all = await this.#all(scope);
      const place = all.findIndex(({ id }) => id === added?.id);
      await this.#forget(scope, place < 0 ? before : all.slice(place + 1));
      return;
    }
    await this.#forget(scope, before);
  }

  async #forget(scope: MemoryScope, memories: readonly Memory[]): Promise<void> {
    if (memories.length > 0) {
      await this.#memory.delete(
        scope,
        memories.map(({ id }) => id),
      );
    }
  }

  async #search({
    namespacePrefix,
    filter = {},
    limit = defaultLimit,
    offset = 0,
    query,
  }: SearchOperation): Promise<SearchItem[]> {
    const isWanted = ({ namespace, value }: Item): boolean =>
      startsWith(namespace, namespacePrefix) && fitsFilter(value, filter);
    const end = offset + limit;
    const found: SearchItem[] = [];
    const items = query === undefined || query === "" ? this.#items() : this.#matches(query);
    for await (const item of items) {
      if (found.length >= end) break;
      if (isWanted(item)) found.push(item);
    }
    return found.slice(offset, end);
  }

  async *#matches(query: string): AsyncGenerator<SearchItem> {
    for (const memory of await this.#memory.search({ userId: this.#userId }, query, { limit: mostFound })) {
      const item = toItem(memory);
      // One that was replaced may not have been forgotten yet.
      if (item !== undefined && (await this.#isNewest(memory, item))) yield { ...item, score: memory.score };
    }
  }

  async #isNewest({ id }: FoundMemory, { namespace, key }: Item): Promise<boolean> {
    const { items } = await this.#memory.list(this.#scopeOf(namespace, key), { limit: 1 });
    return items[0]?.id === id;
  }

  /** The items of the user, each once, put last first. */
  async *#items(): AsyncGenerator<Item> {
    const seen = new Set<string>();
    for await (const memory of this.#memories({ userId: this.#userId })) {
      const item = toItem(memory);
      if (item === undefined) continue;
      const place = placeOf(item.namespace, item.key);
      if (!seen.has(place)) yield item;
      seen.add(place);
    }
  }

  async #listNamespaces(operation: ListNamespacesOperation): Promise<string[][]> {
    const { matchConditions = [], maxDepth = Infinity, limit, offset } = operation;
    const found = new Map<string, string[]>();
    for await (const { namespace } of this.#items()) {
      if (!matchConditions.every((condition) => fitsCondition(namespace, condition))) continue;
      const shown = namespace.slice(0, maxDepth);
      found.set(JSON.stringify(shown), shown);
    }
    const sorted = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, namespace]) => namespace);
    return sorted.slice(offset, offset + limit);
  }

  async #all(scope: MemoryScope): Promise<Memory[]> {
    return Array.fromAsync(this.#memories(scope));
  }

  async *#memories(scope: MemoryScope): AsyncGenerator<Memory> {
    let cursor: string | undefined;
    do {
      const page = await this.#memory.list(scope, { limit: 100, cursor });
      yield* page.items;
      ({ cursor } = page);
    } while (cursor !== undefined);
  }

  /** Each item has a scope of its own, so that it is found without a search. */
  #scopeOf(namespace: readonly string[], key: string): MemoryScope {
    return { userId: this.#userId, sessionId: `langgraph/store/${placeOf(namespace, key)}` };
  }
}

function placeOf(namespace: readonly string[], key: string): string {
  return JSON.stringify([...namespace, key]);
}

function toItem({ metadata, createdAt: updatedAt }: Memory): Item | undefined {
  const parsed = itemSchema.safeParse(metadata);
  if (!parsed.success) return undefined;
  const { namespace, key, value, createdAt } = parsed.data.langgraph;
  return { namespace, key, value, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) };
}

function startsWith(namespace: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((label, index) => label === namespace[index]);
}

function fitsCondition(namespace: readonly string[], { matchType, path }: MatchCondition): boolean {
  if (path.length > namespace.length) return false;
  const start = matchType === "prefix" ? 0 : namespace.length - path.length;
  return path.every((label, index) => label === "*" || label === namespace[start + index]);
}
