import { RunReading } from "./run-reading.ts";

const batch = [{ sequence: 0, data: "{}" }];

async function* batches(): AsyncGenerator<typeof batch> {
  yield batch;
  yield batch;
  await Promise.resolve();
}

/** Counts who reads. */
function counted(source: AsyncIterable<typeof batch> = batches()): { reading: RunReading; count: () => number } {
  let readers = 0;
  const begin = async (): Promise<() => void> => {
    await Promise.resolve();
    readers += 1;
    return () => {
      readers -= 1;
    };
  };
  return { reading: new RunReading({ begin, batches: source }), count: () => readers };
}

describe("RunReading", () => {
  it("counts a reader from the first batch to the last", async () => {
    const { reading, count } = counted();
    expect(count()).toBe(0);
    await reading.next();
    expect(count()).toBe(1);
    expect(await Array.fromAsync(reading)).toEqual([batch]);
    expect(count()).toBe(0);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  });

  it("counts a reader no more who leaves in the middle, or before anything has come", async () => {
    const { reading, count } = counted();
    for await (const _ of reading) break;
    expect(count()).toBe(0);
    const other = counted();
    const first = other.reading.next();
    await other.reading.return();
    expect(await first).toEqual({ done: true, value: undefined });
    expect(other.count()).toBe(0);
  });

  it("counts a reader no more whose batches fail", async () => {
    const { reading, count } = counted(
      (async function* () {
        yield batch;
        throw new Error("gone");
      })(),
    );
    await reading.next();
    await expect(reading.next()).rejects.toThrow("gone");
    expect(count()).toBe(0);
  });
});
