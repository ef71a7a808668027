import { InProcessState } from "@agentscope-runtime/services";
import { createOnce } from "./once.ts";
import type { Once } from "./once.ts";

const session = { userId: "ada", sessionId: "tea" };

/** The ledger as a run sees it. */
function onceOf(state: InProcessState, runId: string, signal = new AbortController().signal): Once {
  return createOnce(state, { session, runId, signal });
}

describe("context.once", () => {
  it("does the work once, and gives its result again to every later run", async () => {
    await using state = new InProcessState();
    let paid = 0;
    const pay = async (): Promise<object> => Promise.resolve({ receipt: ++paid });
    expect(await onceOf(state, "r1")("order 7", pay)).toEqual({ receipt: 1 });
    expect(await onceOf(state, "r2")("order 7", pay)).toEqual({ receipt: 1 });
    expect(await onceOf(state, "r2")("order 8", pay)).toEqual({ receipt: 2 });
  });

  it("gives null again for work that returned nothing", async () => {
    await using state = new InProcessState();
    let sent = 0;
    for (let run = 0; run < 2; run += 1) {
      await onceOf(state, `r${run}`)("mail", async () => {
        sent += 1;
        return Promise.resolve();
      });
    }
    expect(sent).toBe(1);
  });

  it("tries work again that failed", async () => {
    await using state = new InProcessState();
    const once = onceOf(state, "r1");
    await expect(once("order", () => Promise.reject(new Error("no stock")))).rejects.toThrow("no stock");
    expect(await once("order", () => Promise.resolve("ordered"))).toBe("ordered");
  });

  it("refuses work that was interrupted, since nobody knows its end", async () => {
    await using state = new InProcessState();
    const stopping = new AbortController();
    const interrupted = onceOf(
      state,
      "r1",
      stopping.signal,
    )("order", async () => {
      stopping.abort(new Error("stop"));
      return Promise.reject(new Error("stopped in the middle"));
    });
    await expect(interrupted).rejects.toThrow("stopped in the middle");
    const again = onceOf(state, "r2")("order", () => Promise.resolve("twice"));
    await expect(again).rejects.toMatchObject({ code: "conflict", details: { key: "order", runId: "r1" } });
  });

  it("asks `reconcile` about work that was interrupted, and believes it", async () => {
    await using state = new InProcessState();
    const begin = async (key: string): Promise<void> => {
      const stopping = new AbortController();
      const work = onceOf(
        state,
        "r1",
        stopping.signal,
      )(key, () => {
        stopping.abort();
        return Promise.reject(new Error("stop"));
      });
      await expect(work).rejects.toThrow("stop");
    };
    await begin("happened");
    await begin("did not");
    const work = (): Promise<string> => Promise.resolve("done now");
    const once = onceOf(state, "r2");
    expect(await once("happened", work, { reconcile: () => Promise.resolve({ result: "found" }) })).toBe("found");
    expect(await once("happened", work)).toBe("found");
    expect(await once("did not", work, { reconcile: () => Promise.resolve(undefined) })).toBe("done now");
  });

  it("lets one of two who begin at the same time do the work", async () => {
    await using state = new InProcessState();
    let done = 0;
    const work = async (): Promise<number> => Promise.resolve(++done);
    const results = await Promise.allSettled([onceOf(state, "r1")("order", work), onceOf(state, "r2")("order", work)]);
    expect(done).toBe(1);
    expect(results.filter(({ status }) => status === "rejected")).toMatchObject([{ reason: { code: "conflict" } }]);
  });
});
