import { readAlike, readRun } from "./read-run.ts";
import { serve } from "./serve.ts";
import { Stage } from "./stage.ts";

/** Whether there is a process of this id. */
function isRunning(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a stage", () => {
  it("has servers that tell the same story in as many bytes", async () => {
    await using stage = new Stage();
    const servers = await Promise.all((["bare", "ours", "express"] as const).map((name) => stage.startServer(name)));
    const urls = servers.map(({ url }) => url);
    for (const order of [{ tokens: 20 }, { tokens: 3, intervalMs: 5 }]) {
      expect(await readAlike(urls, order)).toBe(order.tokens + 6);
      const runs = await Promise.all(urls.map((url) => readRun(url, order)));
      const [bare] = runs;
      expect(runs).toEqual([bare, bare, bare]);
    }
  }, 20_000);

  it("measures a short cell", async () => {
    await using stage = new Stage();
    const options = { connections: [4], tokens: [20], seconds: 0.3, warmUpSeconds: 0.1, rounds: 1 };
    const [cell] = await serve(stage, { ...options, servers: ["bare", "ours"] });
    expect(cell).toMatchObject({ connections: 4, tokens: 20, events: 26 });
    for (const figures of [cell?.figures.bare, cell?.figures.ours]) {
      for (const figure of Object.values(figures ?? { none: 0 })) expect(figure).toBeGreaterThan(0);
    }
  }, 20_000);

  it("leaves no process behind", async () => {
    const stage = new Stage();
    const server = await stage.startServer("bare");
    const load = stage.startLoad();
    expect([isRunning(server.pid), isRunning(load.pid)]).toEqual([true, true]);
    await stage[Symbol.asyncDispose]();
    expect([isRunning(server.pid), isRunning(load.pid)]).toEqual([false, false]);
  }, 20_000);

  it("stops when its signal aborts in the middle of a measurement", async () => {
    const stopping = new AbortController();
    const stage = new Stage({ signal: stopping.signal });
    const server = await stage.startServer("bare");
    const load = stage.startLoad();
    const measuring = load.closedLoop(
      { url: server.url, connections: 2, order: { tokens: 20 }, events: 26, until: { warmUpMs: 0, windowMs: 60_000 } },
      {
        onOpened: async () => {
          stopping.abort();
        },
        onClosed: async () => undefined,
      },
    );
    await expect(measuring).rejects.toMatchObject({ name: "AbortError" });
    await stage[Symbol.asyncDispose]();
    expect([isRunning(server.pid), isRunning(load.pid)]).toEqual([false, false]);
  }, 20_000);

  it("fails when a run is not as long as it should be", async () => {
    await using stage = new Stage();
    const { url } = await stage.startServer("bare");
    const plan = { url, connections: 1, order: { tokens: 20 }, events: 25, until: { runs: 3 } };
    await expect(stage.startLoad().closedLoop(plan)).rejects.toThrow("A run had 26 events instead of 25.");
  }, 20_000);
});
