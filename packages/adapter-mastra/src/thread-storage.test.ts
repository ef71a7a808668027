import { InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";
import type { MastraDBMessage } from "@mastra/core/agent";
import { InMemoryStore } from "@mastra/core/storage";
import type { MemoryStorage } from "@mastra/core/storage";
import fc from "fast-check";
import { toMastraStorage } from "./to-mastra-storage.ts";

const threads = ["t1", "t2"] as const;
const start = Date.UTC(2026, 0, 1);

interface Services {
  readonly sessions: InProcessSessionHistory;
  readonly state: InProcessState;
}

const newServices = (): Services => ({ sessions: new InProcessSessionHistory(), state: new InProcessState() });

async function memoryOf(storage: {
  getStore(name: "memory"): Promise<MemoryStorage | undefined>;
}): Promise<MemoryStorage> {
  const memory = await storage.getStore("memory");
  if (memory === undefined) throw new Error("The storage has no memory.");
  return memory;
}

function messageOf(
  id: string,
  threadId: string,
  { text = id, at = 0, ...more }: { text?: string; at?: number; metadata?: Record<string, unknown> } = {},
): MastraDBMessage {
  const content = { format: 2 as const, parts: [{ type: "text" as const, text }], content: text, ...more };
  return { id, role: "user", threadId, resourceId: "ada", type: "text", createdAt: new Date(start + at), content };
}

async function withThread(memory: MemoryStorage, id = "t1", resourceId = "ada"): Promise<void> {
  const now = new Date(start);
  await memory.saveThread({
    thread: { id, resourceId, title: `About ${id}`, metadata: { topic: id }, createdAt: now, updatedAt: now },
  });
}

/** Something that is done to a storage, or asked of it. */
type Step = (memory: MemoryStorage) => Promise<unknown>;

const ids = fc.constantFrom(...Array.from({ length: 6 }, (_, index) => `m${index}`));
const thread = fc.constantFrom(...threads);

/** Messages come in the order of their times, and keep theirs when they are saved again. */
const saves = fc.array(fc.tuple(ids, fc.string()), { minLength: 1, maxLength: 3 });

const listing = fc.record(
  {
    threadId: fc.oneof(thread, fc.constant<string[]>([...threads])),
    perPage: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(false as const)),
    orderBy: fc.constantFrom(
      { field: "createdAt" as const, direction: "DESC" as const },
      { field: "createdAt" as const, direction: "ASC" as const },
    ),
    resourceId: fc.constantFrom("ada", "bob"),
    filter: fc.constantFrom(
      { metadata: { kind: "note" } },
      { dateRange: { start: new Date(start + 1), end: new Date(start + 3) } },
    ),
  },
  { requiredKeys: ["threadId"] },
);

const step: fc.Arbitrary<(times: Map<string, number>) => Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(thread, saves).map(([threadId, entries]) => (times: Map<string, number>): Step => {
      const messages = entries.map(([id, text]) => {
        // An id belongs to one thread.
        const own = `${threadId}-${id}`;
        const at = times.get(own) ?? Math.max(-1, ...times.values()) + 1;
        times.set(own, at);
        return messageOf(own, threadId, { text, at, ...(at % 2 === 0 && { metadata: { kind: "note" } }) });
      });
      return async (memory) => {
        await memory.saveMessages({ messages });
      };
    }),
  },
  fc.tuple(thread, ids, fc.string()).map(([threadId, id, text]) => (): Step => async (memory) => {
    const updated = await memory.updateMessages({
      // Its type asks for all of a content, its words for a part.
      messages: [{ id: `${threadId}-${id}`, content: { content: text, metadata: { text } } as never }],
    });
    return updated.map(({ content }) => content);
  }),
  fc.tuple(thread, ids).map(([threadId, id]) => (times: Map<string, number>): Step => async (memory) => {
    times.delete(`${threadId}-${id}`);
    await memory.deleteMessages([`${threadId}-${id}`]);
  }),
  fc
    .tuple(
      thread,
      fc.dictionary(fc.constantFrom("a", "b"), fc.string()),
      fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    )
    .map(([id, metadata, title]) => (): Step => async (memory) => {
      await memory.updateThread({ id, metadata, ...(title !== undefined && { title }) });
    }),
  {
    weight: 3,
    arbitrary: listing.map((input) => (): Step => async (memory) => {
      const { messages, total, hasMore } = await memory.listMessages(input);
      return { messages: messages.map(({ id, content }) => [id, content]), total, hasMore };
    }),
  },
  fc
    .tuple(thread, ids, fc.nat(2), fc.nat(2))
    .map(([threadId, id, withPreviousMessages, withNextMessages]) => (): Step => async (memory) => {
      const include = [{ id: `${threadId}-${id}`, withPreviousMessages, withNextMessages }];
      return (await memory.listMessages({ threadId: "t1", perPage: 0, include })).messages.map((message) => message.id);
    }),
  fc.array(fc.tuple(thread, ids), { maxLength: 3 }).map((wanted) => (): Step => async (memory) => {
    const { messages } = await memory.listMessagesById({
      messageIds: wanted.map(([threadId, id]) => `${threadId}-${id}`),
    });
    return messages.map(({ id, content }) => JSON.stringify([id, content])).toSorted();
  }),
  thread.map((threadId) => (): Step => async (memory) => {
    const found = await memory.getThreadById({ threadId });
    return [found?.title, found?.metadata, found?.createdAt];
  }),
);

describe("the threads of Mastra in our services", () => {
  it("are what Mastra's own storage says, whatever is done to them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const [ours, theirs] = [await memoryOf(toMastraStorage(newServices())), await memoryOf(new InMemoryStore())];
        const times = new Map<string, number>();
        for (const memory of [ours, theirs]) for (const id of threads) await withThread(memory, id);
        for (const one of steps) {
          const done = one(times);
          expect(await done(ours)).toEqual(await done(theirs));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("give the newest messages without reading the rest", async () => {
    const services = newServices();
    const memory = await memoryOf(toMastraStorage(services));
    await withThread(memory);
    for (let at = 0; at < 1000; at += 100) {
      await memory.saveMessages({
        messages: Array.from({ length: 100 }, (_, index) => messageOf(`m${at + index}`, "t1", { at: at + index })),
      });
    }
    let pages = 0;
    const { sessions } = services;
    const read = sessions.read.bind(sessions);
    sessions.read = async (key, options) => {
      pages += 1;
      return read(key, options);
    };
    const { messages } = await memory.listMessages({
      threadId: "t1",
      perPage: 10,
      orderBy: { field: "createdAt", direction: "DESC" },
      includeTotal: false,
    });
    expect(messages.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, index) => `m${999 - index}`));
    expect(pages).toBe(1);
  });

  it("lose nothing when saves race, and are there for another process", async () => {
    const services = newServices();
    const memory = await memoryOf(toMastraStorage(services));
    await withThread(memory);
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => memory.saveMessages({ messages: [messageOf(`m${index}`, "t1")] })),
    );
    const other = await memoryOf(toMastraStorage(services));
    const { messages } = await other.listMessages({ threadId: "t1", perPage: false });
    expect(new Set(messages.map(({ id }) => id)).size).toBe(50);
    expect(messages).toHaveLength(50);
  });

  it("are the sessions of their user, and nobody else's", async () => {
    const services = newServices();
    const memory = await memoryOf(toMastraStorage(services));
    await withThread(memory, "t1", "ada");
    await withThread(memory, "t2", "bob");
    await memory.saveMessages({ messages: [messageOf("m1", "t1", { text: "I am Ada." })] });
    const { items } = await services.sessions.list("ada");
    expect(items.map(({ sessionId, title }) => [sessionId, title])).toEqual([["mastra:t1", "About t1"]]);
    expect(JSON.stringify(await services.sessions.read({ userId: "ada", sessionId: "mastra:t1" }))).toContain(
      "I am Ada.",
    );
    expect(await memory.getThreadById({ threadId: "t1", resourceId: "bob" })).toBeNull();
    expect((await memory.listThreads({ filter: { resourceId: "bob" } })).threads.map(({ id }) => id)).toEqual(["t2"]);
    expect((await memory.listThreads({})).total).toBe(2);
    await expect(withThread(memory, "t1", "bob")).rejects.toMatchObject({ code: "conflict" });
  });

  it("are forgotten with all that belongs to them, and move to another user whole", async () => {
    const services = newServices();
    const memory = await memoryOf(toMastraStorage(services));
    await withThread(memory);
    await memory.saveMessages({ messages: [messageOf("m1", "t1"), messageOf("m2", "t1", { at: 1 })] });
    await memory.updateThreadResourceId({ threadId: "t1", resourceId: "bob" });
    expect((await services.sessions.list("ada")).items).toEqual([]);
    const moved = await memory.listMessages({ threadId: "t1", resourceId: "bob" });
    expect(moved.messages.map(({ id, resourceId }) => [id, resourceId])).toEqual([
      ["m1", "bob"],
      ["m2", "bob"],
    ]);
    await memory.deleteThread({ threadId: "t1" });
    expect(await memory.getThreadById({ threadId: "t1" })).toBeNull();
    expect((await memory.listMessagesById({ messageIds: ["m1", "m2"] })).messages).toEqual([]);
    expect((await services.sessions.list("bob")).items).toEqual([]);
  });

  it("are copied under new ids", async () => {
    const memory = await memoryOf(toMastraStorage(newServices()));
    await withThread(memory);
    await memory.saveMessages({ messages: [0, 1, 2].map((at) => messageOf(`m${at}`, "t1", { at })) });
    const { thread: copy, clonedMessages } = await memory.cloneThread({
      sourceThreadId: "t1",
      options: { messageLimit: 2 },
    });
    expect(copy).toMatchObject({
      title: "Clone of About t1",
      resourceId: "ada",
      metadata: { clone: { sourceThreadId: "t1", lastMessageId: "m2" } },
    });
    expect(clonedMessages.map(({ content }) => content.content)).toEqual(["m1", "m2"]);
    expect(clonedMessages.map(({ id }) => id)).not.toContain("m1");
  });

  it("keep the working memory of a resource, also when two write at once", async () => {
    const services = newServices();
    const memory = await memoryOf(toMastraStorage(services));
    expect(await memory.getResourceById({ resourceId: "ada" })).toBeNull();
    await memory.updateResource({ resourceId: "ada", workingMemory: "# Ada" });
    await Promise.all(
      ["a", "b", "c"].map(async (name) => memory.updateResource({ resourceId: "ada", metadata: { [name]: true } })),
    );
    const other = await memoryOf(toMastraStorage(services));
    expect(await other.getResourceById({ resourceId: "ada" })).toMatchObject({
      id: "ada",
      workingMemory: "# Ada",
      metadata: { a: true, b: true, c: true },
      createdAt: expect.any(Date),
    });
  });
});
