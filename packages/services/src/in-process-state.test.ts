import { InProcessState } from "./index.ts";
import { describeContract, stateContract } from "./testing/index.ts";

const key = { userId: "ada", sessionId: "tea", name: "planner" };

describeContract("InProcessState", stateContract, { create: () => new InProcessState() });

describe("InProcessState", () => {
  it("reads the clock it was given", async () => {
    let now = 1000;
    await using states = new InProcessState({ now: () => now++ });
    await states.save(key, "one");
    expect(await states.save(key, "two")).toEqual({ version: 2, savedAt: 1001 });
    expect(await states.load(key, { version: 1 })).toEqual({ version: 1, savedAt: 1000, state: "one" });
  });
});
