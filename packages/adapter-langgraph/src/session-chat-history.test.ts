import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import type { BaseMessage } from "@langchain/core/messages";
import { RunnableLambda, RunnableWithMessageHistory } from "@langchain/core/runnables";
import { SessionChatHistory } from "./session-chat-history.ts";

const key = { userId: "ada", sessionId: "s" };

describe("SessionChatHistory", () => {
  it("keeps a conversation of LangChain's in the session, calls and ids included", async () => {
    const sessions = new InProcessSessionHistory();
    const history = new SessionChatHistory({ sessions, key });
    await history.addUserMessage("What colour is the sky?");
    await history.addMessages([
      new AIMessage({ id: "a", content: "I look.", tool_calls: [{ id: "c", name: "look", args: { at: "sky" } }] }),
      new ToolMessage({ id: "t", content: "blue", tool_call_id: "c", name: "look" }),
      new AIMessage({ id: "b", content: "It is blue." }),
    ]);
    const { items } = await sessions.read(key);
    expect(items.map(({ type }) => type)).toEqual([
      "message",
      "message",
      "plugin_call",
      "plugin_call_output",
      "message",
    ]);
    const messages = await new SessionChatHistory({ sessions, key }).getMessages();
    expect(messages.map(({ type, text }) => [type, text])).toEqual([
      ["human", "What colour is the sky?"],
      ["ai", "I look."],
      ["tool", "blue"],
      ["ai", "It is blue."],
    ]);
    expect(messages.map(({ id }) => id).slice(1)).toEqual(["a", "t", "b"]);
    expect((messages[1] as AIMessage).tool_calls).toMatchObject([{ id: "c", name: "look", args: { at: "sky" } }]);
  });

  it("reads the newest messages, and forgets the session", async () => {
    const sessions = new InProcessSessionHistory();
    const history = new SessionChatHistory({ sessions, key, limit: 2 });
    await history.addMessages([new HumanMessage("1"), new AIMessage("2"), new HumanMessage("3")]);
    expect((await history.getMessages()).map(({ text }) => text)).toEqual(["2", "3"]);
    await history.clear();
    expect(await history.getMessages()).toEqual([]);
  });

  it("is what RunnableWithMessageHistory remembers by", async () => {
    const sessions = new InProcessSessionHistory();
    const seen: number[] = [];
    const runnable = new RunnableWithMessageHistory({
      runnable: RunnableLambda.from(async (messages: BaseMessage[]) => {
        seen.push(messages.length);
        return new AIMessage(`I have read ${messages.length}.`);
      }),
      getMessageHistory: (sessionId: string) => new SessionChatHistory({ sessions, key: { userId: "ada", sessionId } }),
    });
    const config = { configurable: { sessionId: "s" } };
    await runnable.invoke([new HumanMessage("one")], config);
    await runnable.invoke([new HumanMessage("two")], config);
    expect(seen).toEqual([1, 3]);
    expect((await sessions.read(key)).items).toHaveLength(4);
  });
});
