import { InProcessState } from "@agentscope-runtime/services";
import type { SavedVersion } from "@agentscope-runtime/services";
import { HumanMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { emptyCheckpoint, uuid6 } from "@langchain/langgraph-checkpoint";
import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { deltaChannelHistoryTests, validate } from "@langchain/langgraph-checkpoint-validation";
import { StateCheckpointSaver } from "./state-checkpoint-saver.ts";

// The suite is written for Vitest, where `soft` goes on after a failure.
Object.assign(expect, { soft: expect });

const initializer = {
  checkpointerName: "StateCheckpointSaver",
  createCheckpointer: () => new StateCheckpointSaver({ state: new InProcessState(), userId: "ada" }),
};

validate(initializer);
deltaChannelHistoryTests(initializer);

const meta = { source: "loop" as const, step: 0, parents: {} };
const configFor = (userId: string, threadId = "s") => ({ configurable: { thread_id: threadId, user_id: userId } });

/** Puts a checkpoint with one channel on top of what a config names. */
async function put(
  saver: StateCheckpointSaver,
  config: RunnableConfig,
  value: unknown,
  version?: number,
): Promise<RunnableConfig> {
  const versions = { messages: version ?? saver.getNextVersion(undefined) };
  const checkpoint = {
    ...emptyCheckpoint(),
    id: uuid6(0),
    channel_values: { messages: value },
    channel_versions: versions,
  };
  return saver.put(config, checkpoint, meta, versions);
}

const valueOf = (tuple: CheckpointTuple | undefined): unknown => tuple?.checkpoint.channel_values["messages"];

/** A state service that counts what lies in it. */
class CountedState extends InProcessState {
  readonly keys = new Set<string>();

  override async save(...[key, ...rest]: Parameters<InProcessState["save"]>): Promise<SavedVersion> {
    this.keys.add(JSON.stringify([key.userId, key.sessionId, key.name]));
    return super.save(key, ...rest);
  }

  override async delete(...[key, ...rest]: Parameters<InProcessState["delete"]>): Promise<void> {
    this.keys.delete(JSON.stringify([key.userId, key.sessionId, key.name]));
    return super.delete(key, ...rest);
  }
}

describe("StateCheckpointSaver", () => {
  it("keeps users apart, even with equal threads, and asks who it is", async () => {
    const saver = new StateCheckpointSaver({ state: new InProcessState() });
    const config = await put(saver, configFor("ada"), ["ada's"]);
    await put(saver, configFor("bob"), ["bob's"]);
    expect(valueOf(await saver.getTuple(configFor("ada")))).toEqual(["ada's"]);
    expect(valueOf(await saver.getTuple(configFor("bob")))).toEqual(["bob's"]);
    const stolen = { configurable: { ...config.configurable, user_id: "bob" } };
    expect(await saver.getTuple(stolen)).toBeUndefined();
    expect(await Array.fromAsync(saver.list(configFor("ada")))).toHaveLength(1);
    expect(await saver.getTuple(configFor("eve"))).toBeUndefined();
    for (const refused of [put(saver, { configurable: { thread_id: "s" } }, []), saver.deleteThread("s")]) {
      await expect(refused).rejects.toMatchObject({ code: "invalid_argument" });
    }
    await saver.forUser("ada").deleteThread("s");
    expect(await saver.getTuple(configFor("ada"))).toBeUndefined();
    expect(valueOf(await saver.getTuple(configFor("bob")))).toEqual(["bob's"]);
  });

  it("gives branches of a thread values of their own", async () => {
    const saver = new StateCheckpointSaver({ state: new InProcessState(), userId: "ada" });
    const root = await put(saver, configFor("ada"), ["root"]);
    const next = (): number => saver.getNextVersion(1);
    const branches = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => put(saver, root, [`branch ${index}`], next())),
    );
    for (const [index, branch] of branches.entries()) {
      expect(valueOf(await saver.getTuple(branch))).toEqual([`branch ${index}`]);
    }
    expect(valueOf(await saver.getTuple(root))).toEqual(["root"]);
  });

  it("loses nothing when two replicas write one thread at once", async () => {
    const state = new InProcessState();
    const savers = [1, 2].map(() => new StateCheckpointSaver({ state, userId: "ada" }));
    const writers = savers.map(async (saver) => {
      let config: RunnableConfig = configFor("ada");
      for (let step = 0; step < 10; step += 1) {
        config = await put(saver, config, [step]);
        await Promise.all(
          ["a", "b", "c"].map(async (task) => saver.putWrites(config, [["out", `${task}${step}`]], task)),
        );
      }
    });
    await Promise.all(writers);
    const [reader] = savers;
    const tuples = await Array.fromAsync(reader?.list(configFor("ada")) ?? []);
    expect(tuples).toHaveLength(20);
    for (const { pendingWrites } of tuples) expect(pendingWrites?.map(([task]) => task)).toEqual(["a", "b", "c"]);
  });

  it("takes what a task wrote first, and of its pauses and errors what it wrote last", async () => {
    const saver = new StateCheckpointSaver({ state: new InProcessState(), userId: "ada" });
    const config = await put(saver, configFor("ada"), []);
    await saver.putWrites(
      config,
      [
        ["out", 1],
        ["__interrupt__", "first"],
      ],
      "t",
    );
    await saver.putWrites(
      config,
      [
        ["out", 2],
        ["__interrupt__", "second"],
      ],
      "t",
    );
    const tuple = await saver.getTuple(config);
    expect(tuple?.pendingWrites).toEqual([
      ["t", "__interrupt__", "second"],
      ["t", "out", 1],
    ]);
  });

  it("deletes all of a thread, also what was cut short, and nothing of another", async () => {
    const state = new CountedState();
    const saver = new StateCheckpointSaver({ state, userId: "ada" });
    await put(saver, configFor("ada", "kept"), ["kept"]);
    const kept = new Set(state.keys);
    const config = await put(saver, configFor("ada"), ["gone"]);
    await saver.putWrites(config, [["out", 1]], "t");
    const within = { configurable: { ...configFor("ada").configurable, checkpoint_ns: "child:1|x/y" } };
    await put(saver, within, ["gone too"]);
    // A task that was done before its checkpoint was written, which then never was.
    await saver.putWrites({ configurable: { ...within.configurable, checkpoint_id: uuid6(1) } }, [["out", 1]], "t");
    await saver.deleteThread("s");
    expect(await saver.getTuple(configFor("ada"))).toBeUndefined();
    expect([...state.keys].filter((key) => !kept.has(key) && !key.includes("langgraph/threads"))).toEqual([]);
    expect(valueOf(await saver.getTuple(configFor("ada", "kept")))).toEqual(["kept"]);
  });

  it("finds the checkpoint before one whose writing was cut short", async () => {
    const saver = new StateCheckpointSaver({ state: new InProcessState(), userId: "ada" });
    const config = await put(saver, configFor("ada"), ["whole"]);
    await saver.putWrites({ configurable: { ...config.configurable, checkpoint_id: uuid6(1) } }, [["out", 1]], "t");
    expect(valueOf(await saver.getTuple(configFor("ada")))).toEqual(["whole"]);
  });

  it("writes no more for a long thread than for a short one", async () => {
    const state = new CountedState();
    const saver = new StateCheckpointSaver({ state, userId: "ada" });
    let config: RunnableConfig = configFor("ada");
    const grown: number[] = [];
    for (let step = 0; step < 100; step += 1) {
      const before = state.keys.size;
      config = await put(saver, config, [step]);
      grown.push(state.keys.size - before);
    }
    expect(grown.slice(1).every((count) => count === grown[1])).toBe(true);
    expect(await Array.fromAsync(saver.list(configFor("ada"), { limit: 3 }))).toHaveLength(3);
    expect(await Array.fromAsync(saver.list(configFor("ada")))).toHaveLength(100);
  });

  it("keeps bytes, dates' texts, sets and messages as they are", async () => {
    const saver = new StateCheckpointSaver({ state: new InProcessState(), userId: "ada" });
    const value = {
      bytes: new Uint8Array([0, 255]),
      set: new Set([1]),
      message: new HumanMessage("hi"),
      zero: "\u0000",
    };
    const config = await put(saver, configFor("ada"), value);
    const raw = await put(saver, configFor("ada", "raw"), new Uint8Array([1, 2, 3]));
    const back = valueOf(await saver.getTuple(config)) as typeof value; // As it went.
    expect([...back.bytes]).toEqual([0, 255]);
    expect([...back.set]).toEqual([1]);
    expect(back.message.text).toBe("hi");
    expect(back.zero).toBe("\u0000");
    expect([...(valueOf(await saver.getTuple(raw)) as Uint8Array)]).toEqual([1, 2, 3]);
  });
});
