import { messageSchema } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "./index.ts";
import { describeContract, sessionHistoryContract } from "./testing/index.ts";

const key = { userId: "ada", sessionId: "tea" };
const message = messageSchema.parse({});

describeContract("InProcessSessionHistory", sessionHistoryContract, { create: () => new InProcessSessionHistory() });

describe("InProcessSessionHistory", () => {
  it("reads the clock it was given", async () => {
    let now = 1000;
    await using sessions = new InProcessSessionHistory({ now: () => now++ });
    await sessions.append(key, [message, message]);
    expect(await sessions.get(key)).toMatchObject({ createdAt: 1000, updatedAt: 1000 });
    await sessions.append(key, [message]);
    expect(await sessions.get(key)).toMatchObject({ createdAt: 1000, updatedAt: 1001 });
    expect(await sessions.update(key, {})).toMatchObject({ createdAt: 1000, updatedAt: 1002 });
  });

  it("lists in the order of the updates also when the clock stands still or goes back", async () => {
    let now = 1000;
    await using sessions = new InProcessSessionHistory({ now: () => now });
    for (const sessionId of ["a", "b"]) await sessions.append({ ...key, sessionId }, [message]);
    now = 500;
    await sessions.append({ ...key, sessionId: "c" }, [message]);
    const { items } = await sessions.list("ada");
    expect(items.map(({ sessionId }) => sessionId)).toEqual(["c", "b", "a"]);
  });

  it("appends nothing when one of the messages has no JSON", async () => {
    await using sessions = new InProcessSessionHistory();
    const broken = { ...message, metadata: { count: 1n } };
    await expect(sessions.append(key, [message, broken])).rejects.toThrow("BigInt");
    expect(await sessions.get(key)).toBeUndefined();
  });
});
