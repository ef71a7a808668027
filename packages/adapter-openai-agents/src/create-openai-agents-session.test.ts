import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { Agent, Runner } from "@openai/agents";
import type { AgentInputItem, Session } from "@openai/agents";
import { createOpenAIAgentsSession } from "./index.ts";
import { ScriptModel } from "./testing/script-model.ts";

const user = (content: string): AgentInputItem => ({ type: "message", role: "user", content });

function open(sessions = new InProcessSessionHistory(), userId = "ada"): Session {
  return createOpenAIAgentsSession({ sessions, userId, sessionId: "s" });
}

async function textsOf(session: Session, limit?: number): Promise<unknown[]> {
  return (await session.getItems(limit)).map((item) => ("content" in item ? item.content : item.type));
}

describe("a Session over our history", () => {
  it("gives the newest items, oldest of them first", async () => {
    const session = open();
    expect(await session.getItems()).toEqual([]);
    await session.addItems([user("a"), user("b")]);
    await session.addItems([user("c")]);
    expect(await textsOf(session)).toEqual(["a", "b", "c"]);
    expect(await textsOf(session, 2)).toEqual(["b", "c"]);
    expect(await textsOf(session, 0)).toEqual([]);
    expect(await session.getSessionId()).toBe("s");
  });

  it("takes the last one away, again and again", async () => {
    const session = open();
    await session.addItems([user("a"), user("b")]);
    expect(await session.popItem()).toEqual(user("b"));
    await session.addItems([user("c")]);
    expect(await textsOf(session)).toEqual(["a", "c"]);
    expect(await session.popItem()).toEqual(user("c"));
    expect(await session.popItem()).toEqual(user("a"));
    expect(await session.popItem()).toBeUndefined();
    await session.addItems([user("d")]);
    expect(await textsOf(session, 1)).toEqual(["d"]);
  });

  it("keeps the same item twice when it was added twice", async () => {
    const session = open();
    await session.addItems([user("a")]);
    await session.addItems(await session.getItems());
    expect(await textsOf(session)).toEqual(["a", "a"]);
    await session.popItem();
    expect(await textsOf(session)).toEqual(["a"]);
  });

  it("loses nothing when adds and pops race", async () => {
    const session = open();
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => session.addItems([user(`${index}a`), user(`${index}b`)])),
    );
    const texts = await textsOf(session);
    expect(texts).toHaveLength(100);
    for (const [index, text] of texts.entries()) {
      if (index % 2 === 1) expect(text).toBe(String(texts[index - 1]).replace("a", "b"));
    }
    const popped = await Promise.all([session.popItem(), session.popItem(), session.addItems([user("new")])]);
    expect(await textsOf(session, 1)).toEqual(["new"]);
    // Two that race may take the same one; no other one goes with it.
    const taken = new Set(popped.flatMap((item) => (item === undefined ? [] : [JSON.stringify(item)])));
    expect(await session.getItems()).toHaveLength(101 - taken.size);
  });

  it("goes on over more items than a page has, in another process", async () => {
    const sessions = new InProcessSessionHistory();
    const items = Array.from({ length: 450 }, (_, index) => user(String(index)));
    await open(sessions).addItems(items);
    expect(await open(sessions).getItems()).toEqual(items);
    expect(await textsOf(open(sessions), 201)).toHaveLength(201);
  });

  it("is one user's, and is forgotten when it is cleared", async () => {
    const sessions = new InProcessSessionHistory();
    await open(sessions).addItems([user("a")]);
    expect(await open(sessions, "bob").getItems()).toEqual([]);
    await open(sessions).clearSession();
    expect(await open(sessions).getItems()).toEqual([]);
  });

  it("is what the SDK's runner wants: the model is shown the conversation, and each item is kept once", async () => {
    const sessions = new InProcessSessionHistory();
    const prompts: string[][] = [];
    const model = new ScriptModel({
      model: (prompt) => {
        prompts.push(prompt.map(({ text }) => text));
        return [
          { type: "reasoning", deltas: ["Hm."] },
          { type: "text", deltas: [`Answer ${prompts.length}`] },
        ];
      },
    });
    const agent = new Agent({ name: "friday", model });
    const runner = new Runner({ tracingDisabled: true });
    for (const question of ["One?", "Two?"]) {
      const run = await runner.run(agent, question, { stream: true, session: open(sessions) });
      await run.completed;
    }
    expect(prompts).toEqual([["One?"], ["One?", "Answer 1", "Two?"]]);
    const kept = await open(sessions).getItems();
    expect(kept.map((item) => item.type ?? "message")).toEqual([
      "message",
      "reasoning",
      "message",
      "message",
      "reasoning",
      "message",
    ]);
    expect(kept[1]).toMatchObject({ type: "reasoning", id: "item-0" });
  });
});
