import { alternateLatency } from "./alternate-latency.ts";

const { signal } = new AbortController();

it("gives medians and their ratio, without the warm-up", async () => {
  const ours = [500, 2, 4, 3];
  const theirs = [900, 1, 1, 2];
  const figures = await alternateLatency(
    async () => ours.shift() ?? 0,
    async () => theirs.shift() ?? 0,
    { rounds: 3, signal },
  );
  expect(figures).toEqual({ first: 3, firstP95: 4, second: 1, ratio: 3 });
});

it("changes who begins", async () => {
  const order: string[] = [];
  const timed = (name: string) => async () => order.push(name);
  await alternateLatency(timed("a"), timed("b"), { rounds: 1, signal });
  expect(order).toEqual(["a", "b", "b", "a"]);
});
