import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { SessionHistoryService, SessionKey } from "../session-history-service.ts";
import { awkwardIds, awkwardPairs, awkwardText, longText } from "./awkward-text.ts";
import type { Contract } from "./contract.ts";
import { messageOf, textOf } from "./message-of.ts";
import { pagedListContract } from "./paged-list.ts";
import { expectAborted, expectDisposed } from "./refusals.ts";
import type { EveryCall } from "./refusals.ts";

const ada: SessionKey = { userId: "ada", sessionId: "tea" };
const bob: SessionKey = { userId: "bob", sessionId: "tea" };

const everyCall: EveryCall<SessionHistoryService> = (sessions, options) => ({
  append: () => sessions.append(ada, [messageOf("late")], options),
  read: () => sessions.read(ada, options),
  get: () => sessions.get(ada, options),
  list: () => sessions.list("ada", options),
  update: () => sessions.update(ada, { title: "late" }, options),
  delete: () => sessions.delete(ada, options),
});

/** The texts of the newest 1,000 messages. */
async function textsOf(sessions: SessionHistoryService, key: SessionKey): Promise<string[]> {
  const { items } = await sessions.read(key, { limit: 1000 });
  return items.map(textOf);
}

async function idsOf(sessions: SessionHistoryService, userId: string): Promise<string[]> {
  const { items } = await sessions.list(userId, { limit: 1000 });
  return items.map(({ sessionId }) => sessionId);
}

function nameOf({ userId, sessionId }: SessionKey): string {
  return JSON.stringify([userId, sessionId]);
}

/** Checks that the texts are those of whole calls, each of three messages. */
function expectWhole(texts: readonly string[]): void {
  expect(texts.length % 3).toBe(0);
  for (let at = 0; at < texts.length; at += 3) {
    const name = texts[at]?.split(".", 1)[0] ?? "";
    expect(texts.slice(at, at + 3)).toEqual([`${name}.0`, `${name}.1`, `${name}.2`]);
  }
}

/** Checks that keys which a backend could take for each other each keep their own message and their own end. */
async function expectKeptApart(sessions: SessionHistoryService, keys: readonly SessionKey[]): Promise<void> {
  for (const key of keys) await sessions.append(key, [messageOf(nameOf(key))]);
  for (const key of keys) expect(await textsOf(sessions, key)).toEqual([nameOf(key)]);
  for (const key of keys) expect(await sessions.get(key)).toMatchObject({ ...key, messageCount: 1 });
  const left = [...keys];
  for (const key of keys) {
    await sessions.delete(key);
    left.shift();
    const next = left[0];
    expect(await textsOf(sessions, key)).toEqual([]);
    if (next !== undefined) expect(await textsOf(sessions, next)).toEqual([nameOf(next)]);
  }
}

/** What it means to be a {@link SessionHistoryService}. */
export const sessionHistoryContract: Contract<SessionHistoryService> = {
  "reads a session that nobody wrote to as empty": async (sessions) => {
    expect(await sessions.read(ada)).toEqual({ items: [], cursor: undefined });
    expect(await sessions.get(ada)).toBeUndefined();
    expect(await sessions.list("ada")).toEqual({ items: [], cursor: undefined });
  },

  "begins a session with its first append": async (sessions) => {
    await sessions.append(ada, [messageOf("one"), messageOf("two")]);
    const session = await sessions.get(ada);
    expect(session).toEqual({
      ...ada,
      createdAt: expect.any(Number),
      updatedAt: expect.any(Number),
      messageCount: 2,
      title: undefined,
      metadata: {},
    });
    expect(Math.abs(Date.now() - (session?.createdAt ?? 0))).toBeLessThan(60_000);
    expect((await sessions.list("ada")).items).toEqual([session]);
  },

  "changes nothing when it is given no messages": async (sessions) => {
    await sessions.append(ada, []);
    expect(await sessions.get(ada)).toBeUndefined();
    await sessions.append(ada, [messageOf("one")]);
    const before = await sessions.get(ada);
    await sessions.append(ada, []);
    expect(await sessions.get(ada)).toEqual(before);
  },

  "keeps messages in the order in which they were appended": async (sessions) => {
    await sessions.append(ada, [messageOf("one"), messageOf("two")]);
    await sessions.append(ada, [messageOf("three")]);
    await sessions.append(ada, [messageOf("one")]);
    expect(await textsOf(sessions, ada)).toEqual(["one", "two", "three", "one"]);
    expect(await sessions.get(ada)).toMatchObject({ messageCount: 4 });
  },

  "reads the newest messages, the oldest of them first, and pages backwards": async (sessions) => {
    await sessions.append(ada, ["one", "two", "three", "four", "five"].map(messageOf));
    const newest = await sessions.read(ada, { limit: 2 });
    const before = await sessions.read(ada, { limit: 2, cursor: newest.cursor });
    const oldest = await sessions.read(ada, { limit: 2, cursor: before.cursor });
    expect([newest, before, oldest].map(({ items }) => items.map(textOf))).toEqual([
      ["four", "five"],
      ["two", "three"],
      ["one"],
    ]);
  },

  "keeps each call's messages together and in order when 50 appends race, on two replicas": async (
    sessions,
    openPeer,
  ) => {
    const peer = await openPeer();
    const calls = Array.from({ length: 50 }, async (_, call) => {
      const replica = call % 2 === 0 ? sessions : peer;
      await replica.append(ada, [messageOf(`${call}.0`), messageOf(`${call}.1`), messageOf(`${call}.2`)]);
      if (call % 10 === 0) expectWhole(await textsOf(sessions, ada)); // A reader sees all of a call or none.
    });
    await Promise.all(calls);
    const texts = await textsOf(sessions, ada);
    expectWhole(texts);
    expect(new Set(texts).size).toBe(150);
    expect(await textsOf(peer, ada)).toEqual(texts);
    expect(await sessions.get(ada)).toMatchObject({ messageCount: 150 });
  },

  "shows a replica what another one wrote": async (sessions, openPeer) => {
    const peer = await openPeer();
    await sessions.append(ada, [messageOf("one")]);
    await peer.append(ada, [messageOf("two")]);
    await peer.update(ada, { title: "Tea" });
    expect(await textsOf(sessions, ada)).toEqual(["one", "two"]);
    expect(await sessions.get(ada)).toMatchObject({ title: "Tea", messageCount: 2 });
    await sessions.delete(ada);
    expect(await peer.get(ada)).toBeUndefined();
  },

  "gives messages back as they were, whatever they hold": async (sessions) => {
    const whole: Message = messageSchema.parse({
      id: "msg_whole",
      type: "plugin_call_output",
      role: "tool",
      status: "completed",
      sequence_number: 7,
      error: { code: "internal", message: "no", details: { deep: [{ er: null }] } },
      usage: { input_tokens: 3, provider_field: "kept" },
      metadata: { [awkwardText]: awkwardText, number: 0.1, list: [1, [2, []]], nothing: null, yes: true },
      content: [
        { type: "text", text: awkwardText },
        { type: "data", data: { call_id: "c", arguments: '{"a":1}', constructor: 1, "": "empty key" } },
        { type: "image", image_url: "data:image/png;base64,AAAA" },
        { type: "file", file_id: "f", filename: "naïve ☕.txt" },
        { type: "refusal", refusal: "" },
      ],
    });
    const bare = messageSchema.parse({});
    await sessions.append(ada, [whole, bare]);
    expect((await sessions.read(ada)).items).toEqual([whole, bare]);
  },

  "keeps a message of 1 MB": async (sessions) => {
    await sessions.append(ada, [messageOf(longText())]);
    expect((await textsOf(sessions, ada))[0] === longText()).toBe(true); // `toEqual` would print both.
  },

  "keeps its own copy of what it was given": async (sessions) => {
    const message = messageOf("one");
    const messages = [message];
    const metadata = { list: [1] };
    await sessions.append(ada, messages);
    await sessions.update(ada, { metadata });
    message.content = [];
    messages.push(messageOf("two"));
    metadata.list.push(2);
    expect(await textsOf(sessions, ada)).toEqual(["one"]);
    expect(await sessions.get(ada)).toMatchObject({ metadata: { list: [1] } });
  },

  "gives copies that may be changed": async (sessions) => {
    await sessions.append(ada, [messageOf("one")]);
    const updated = await sessions.update(ada, { metadata: { list: [1] } });
    const [message] = (await sessions.read(ada)).items;
    const session = await sessions.get(ada);
    if (message !== undefined) message.content = [];
    for (const record of [updated, session]) Object.assign(record?.metadata ?? {}, { list: [] });
    expect(await textsOf(sessions, ada)).toEqual(["one"]);
    expect(await sessions.get(ada)).toMatchObject({ metadata: { list: [1] } });
  },

  "keeps users apart, even with equal session ids": async (sessions) => {
    await sessions.append(ada, [messageOf("ada's")]);
    expect(await sessions.read(bob)).toEqual({ items: [], cursor: undefined });
    expect(await sessions.get(bob)).toBeUndefined();
    expect(await idsOf(sessions, "bob")).toEqual([]);
    await expect(sessions.update(bob, { title: "Mine" })).rejects.toMatchObject({ code: "not_found" });
    await sessions.append(bob, [messageOf("bob's")]);
    await sessions.update(bob, { title: "Bob's" });
    await sessions.delete(bob);
    expect(await textsOf(sessions, ada)).toEqual(["ada's"]);
    expect(await sessions.get(ada)).toMatchObject({ title: undefined, messageCount: 1 });
    expect(await idsOf(sessions, "ada")).toEqual(["tea"]);
  },

  "takes any text as a session id": async (sessions) => {
    await expectKeptApart(
      sessions,
      awkwardIds.map((sessionId) => ({ userId: "ada", sessionId })),
    );
  },

  "takes any text as a user id": async (sessions) => {
    await expectKeptApart(
      sessions,
      awkwardIds.map((userId) => ({ userId, sessionId: "tea" })),
    );
    for (const userId of awkwardIds) await sessions.append({ userId, sessionId: `of ${userId}` }, [messageOf("hello")]);
    for (const userId of awkwardIds) expect(await idsOf(sessions, userId)).toEqual([`of ${userId}`]);
  },

  "keeps sessions apart whose ids join to the same text": async (sessions) => {
    await expectKeptApart(
      sessions,
      awkwardPairs.map(([userId, sessionId]) => ({ userId, sessionId })),
    );
  },

  "lists a user's sessions, last updated first": async (sessions) => {
    for (const sessionId of ["b", "a", "c", "d"]) await sessions.append({ ...ada, sessionId }, [messageOf("hello")]);
    expect(await idsOf(sessions, "ada")).toEqual(["d", "c", "a", "b"]);
    await sessions.append({ ...ada, sessionId: "a" }, [messageOf("again")]);
    expect(await idsOf(sessions, "ada")).toEqual(["a", "d", "c", "b"]);
    await sessions.update({ ...ada, sessionId: "b" }, { title: "B" });
    expect(await idsOf(sessions, "ada")).toEqual(["b", "a", "d", "c"]);
    await sessions.delete({ ...ada, sessionId: "a" });
    expect(await idsOf(sessions, "ada")).toEqual(["b", "d", "c"]);
  },

  "lists no session twice while sessions are updated": async (sessions) => {
    for (const sessionId of ["a", "b", "c", "d"]) await sessions.append({ ...ada, sessionId }, [messageOf("hello")]);
    const first = await sessions.list("ada", { limit: 2 });
    await sessions.append({ ...ada, sessionId: "d" }, [messageOf("again")]);
    const second = await sessions.list("ada", { limit: 2, cursor: first.cursor });
    const listed = [first, second].flatMap(({ items }) => items.map(({ sessionId }) => sessionId));
    expect(listed).toEqual(["d", "c", "b", "a"]);
  },

  "goes on behind a session that was deleted after its page was read": async (sessions) => {
    for (const sessionId of ["a", "b", "c"]) await sessions.append({ ...ada, sessionId }, [messageOf("hello")]);
    const { cursor } = await sessions.list("ada", { limit: 2 });
    await sessions.delete({ ...ada, sessionId: "b" });
    const { items } = await sessions.list("ada", { cursor });
    expect(items.map(({ sessionId }) => sessionId)).toEqual(["a"]);
  },

  "says when a session began and when it was last updated": async (sessions) => {
    await sessions.append(ada, [messageOf("one")]);
    const begun = await sessions.get(ada);
    await sessions.append(ada, [messageOf("two")]);
    const appended = await sessions.get(ada);
    const updated = await sessions.update(ada, { title: "Tea" });
    expect(begun?.updatedAt).toBeGreaterThanOrEqual(begun?.createdAt ?? Infinity);
    expect(appended?.updatedAt).toBeGreaterThanOrEqual(begun?.updatedAt ?? Infinity);
    expect(updated.updatedAt).toBeGreaterThanOrEqual(appended?.updatedAt ?? Infinity);
    expect([appended?.createdAt, updated.createdAt]).toEqual([begun?.createdAt, begun?.createdAt]);
    expect(await sessions.get(ada)).toEqual(updated);
  },

  "changes the title and replaces all metadata": async (sessions) => {
    await sessions.append(ada, [messageOf("one")]);
    await sessions.update(ada, { title: awkwardText, metadata: { a: 1, b: { c: [awkwardText] } } });
    const session = await sessions.update(ada, { metadata: { d: null } });
    expect(session).toMatchObject({ ...ada, title: awkwardText, messageCount: 1 });
    expect(session.metadata).toEqual({ d: null });
    expect((await sessions.get(ada))?.metadata).toEqual({ d: null });
  },

  "leaves alone what the changes leave out": async (sessions) => {
    await sessions.append(ada, [messageOf("one")]);
    await sessions.update(ada, { title: "Tea", metadata: { a: 1 } });
    await sessions.update(ada, { title: undefined });
    expect(await sessions.update(ada, {})).toMatchObject({ title: "Tea", metadata: { a: 1 } });
    expect(await sessions.update(ada, { title: "" })).toMatchObject({ title: "", metadata: { a: 1 } });
    await sessions.append(ada, [messageOf("two")]);
    expect(await sessions.get(ada)).toMatchObject({ title: "", metadata: { a: 1 } });
  },

  "updates no session that is not there": async (sessions) => {
    await expect(sessions.update(ada, { title: "Tea" })).rejects.toMatchObject({ code: "not_found" });
    expect(await sessions.get(ada)).toBeUndefined();
  },

  "forgets a session, and forgets it again without complaint": async (sessions) => {
    await sessions.append(ada, [messageOf("one")]);
    await sessions.append({ ...ada, sessionId: "other" }, [messageOf("other")]);
    await sessions.delete(ada);
    await sessions.delete(ada);
    expect(await sessions.read(ada)).toEqual({ items: [], cursor: undefined });
    expect(await sessions.get(ada)).toBeUndefined();
    expect(await idsOf(sessions, "ada")).toEqual(["other"]);
    await expect(sessions.update(ada, { title: "Tea" })).rejects.toMatchObject({ code: "not_found" });
  },

  "begins a forgotten session anew": async (sessions) => {
    await sessions.append(ada, [messageOf("old"), messageOf("older")]);
    await sessions.update(ada, { title: "Tea", metadata: { a: 1 } });
    await sessions.delete(ada);
    await sessions.append(ada, [messageOf("new")]);
    expect(await textsOf(sessions, ada)).toEqual(["new"]);
    expect(await sessions.get(ada)).toMatchObject({ messageCount: 1, title: undefined, metadata: {} });
  },

  "does nothing once the signal is aborted": async (sessions) => {
    await sessions.append(ada, [messageOf("one")]);
    const before = await sessions.get(ada);
    await expectAborted(everyCall, sessions);
    expect(await sessions.get(ada)).toEqual(before);
    expect(await textsOf(sessions, ada)).toEqual(["one"]);
  },

  "appends all or nothing when the signal aborts under way": async (sessions) => {
    const leaving = new AbortController();
    const reason = new Error("stop");
    const messages = Array.from({ length: 20 }, (_, index) => messageOf(String(index)));
    const outcome = sessions.append(ada, messages, { signal: leaving.signal }).catch((thrown: unknown) => thrown);
    leaving.abort(reason);
    expect([undefined, reason]).toContain(await outcome);
    expect([0, 20]).toContain((await textsOf(sessions, ada)).length);
  },

  "refuses every call once it is disposed": async (sessions) => {
    await expectDisposed(everyCall, sessions);
  },

  ...pagedListContract<SessionHistoryService>("messages", {
    add: async (sessions) => {
      const text = crypto.randomUUID();
      await sessions.append(ada, [messageOf(text)]);
      return text;
    },
    read: async (sessions, options) => {
      const { items, cursor } = await sessions.read(ada, options);
      return { items: items.map(textOf).toReversed(), cursor };
    },
    foreignCursors: async (sessions) => {
      const others = [bob, { ...ada, sessionId: "other" }];
      for (const key of others) await sessions.append(key, [messageOf("one"), messageOf("two")]);
      const pages = [...others.map((key) => sessions.read(key, { limit: 1 })), sessions.list("ada", { limit: 1 })];
      return (await Promise.all(pages)).map(({ cursor }) => cursor);
    },
  }),

  ...pagedListContract<SessionHistoryService>("sessions", {
    add: async (sessions) => {
      const sessionId = crypto.randomUUID();
      await sessions.append({ ...ada, sessionId }, [messageOf("one"), messageOf("two")]);
      return sessionId;
    },
    read: async (sessions, options) => {
      const { items, cursor } = await sessions.list("ada", options);
      return { items: items.map(({ sessionId }) => sessionId), cursor };
    },
    foreignCursors: async (sessions) => {
      for (const sessionId of ["tea", "rum"]) await sessions.append({ ...bob, sessionId }, [messageOf("one")]);
      const [session] = (await sessions.list("ada")).items;
      const key = { ...ada, ...(session && { sessionId: session.sessionId }) };
      const pages = [sessions.list("bob", { limit: 1 }), sessions.read(key, { limit: 1 })];
      return (await Promise.all(pages)).map(({ cursor }) => cursor);
    },
  }),
};
