import { setImmediate as tick } from "node:timers/promises";
import type { AgentOutput } from "./agent-output.ts";
import { readOutputs } from "./read-outputs.ts";

/** Says a letter for each letter of an item. */
const letters = { read: (item: string): AgentOutput[] => item.split("") };

/** A stream that remembers whether it was left. */
function streamOf(items: readonly (string | Error)[]) {
  const state = { left: false, asked: 0 };
  async function* stream(): AsyncGenerator<string> {
    try {
      for (const item of items) {
        state.asked += 1;
        await tick();
        if (typeof item !== "string") throw item;
        yield item;
      }
    } finally {
      state.left = true;
    }
  }
  return { state, stream: stream() };
}

it("tells what every item says, in order, also of a stream that is still on its way", async () => {
  expect(await Array.fromAsync(readOutputs(streamOf(["ab", "", "c"]).stream, letters))).toEqual(["a", "b", "c"]);
  const coming = Promise.resolve(streamOf(["x"]).stream);
  expect(await Array.fromAsync(readOutputs(coming, letters))).toEqual(["x"]);
});

it("reads nothing before it is asked, and no further than it is asked", async () => {
  const { state, stream } = streamOf(["ab", "c"]);
  const outputs = readOutputs(stream, letters);
  await tick();
  expect(state.asked).toBe(0);
  await outputs.next();
  await outputs.next();
  expect(state.asked).toBe(1);
});

it("tells what is left, and then the failure, as it is to be thrown", async () => {
  const reader = { ...letters, close: ({ broken }: { broken: boolean }) => [broken ? "broken" : "whole"] };
  expect(await Array.fromAsync(readOutputs(streamOf(["a"]).stream, reader))).toEqual(["a", "whole"]);
  const outputs = readOutputs(streamOf(["a", new Error("inner")]).stream, reader, {
    toError: (thrown) => new Error("outer", { cause: thrown }),
  });
  expect([await outputs.next(), await outputs.next()].map(({ value }) => value)).toEqual(["a", "broken"]);
  await expect(outputs.next()).rejects.toMatchObject({ message: "outer", cause: { message: "inner" } });
  expect(await outputs.next()).toEqual({ done: true, value: undefined });
});

it("leaves the stream when its loop is left, and when the reader fails", async () => {
  const left = streamOf(["ab", "c"]);
  for await (const output of readOutputs(left.stream, letters)) {
    expect(output).toBe("a");
    break;
  }
  expect(left.state.left).toBe(true);
  const failing = streamOf(["a", "b"]);
  const reader = {
    read: (): AgentOutput[] => {
      throw new Error("no");
    },
  };
  await expect(Array.fromAsync(readOutputs(failing.stream, reader))).rejects.toThrow("no");
  expect(failing.state.left).toBe(true);
});

it("answers who asks for several at once one after the other", async () => {
  const outputs = readOutputs(streamOf(["ab", "c"]).stream, letters);
  const results = await Promise.all([outputs.next(), outputs.next(), outputs.next(), outputs.next(), outputs.next()]);
  expect(results.map(({ done, value }) => (done === true ? "over" : value))).toEqual(["a", "b", "c", "over", "over"]);
});

it("ends at once for who returns while an item is waited for", async () => {
  const { promise, resolve } = Promise.withResolvers<IteratorResult<string>>();
  const returned = { count: 0 };
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: async () => promise,
      return: async () => {
        returned.count += 1;
        return { done: true as const, value: undefined };
      },
    }),
  };
  const outputs = readOutputs(source, letters);
  const waiting = outputs.next();
  await tick();
  await outputs.return();
  expect(returned.count).toBe(1);
  resolve({ done: false, value: "late" });
  expect(await waiting).toEqual({ done: true, value: undefined });
});

it("rejects with the failure of a stream that never came", async () => {
  await expect(Array.fromAsync(readOutputs(Promise.reject(new Error("never")), letters))).rejects.toThrow("never");
});
