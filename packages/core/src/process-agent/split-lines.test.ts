import fc from "fast-check";
import { splitLines } from "./split-lines.ts";

async function* cutAt(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const cut of cuts.toSorted((a, b) => a - b)) {
    yield await Promise.resolve(bytes.subarray(start, cut));
    start = cut;
  }
  yield bytes.subarray(start);
}

const read = async (chunks: AsyncIterable<Uint8Array>, maxLineBytes = 1000): Promise<string[]> =>
  (await Array.fromAsync(splitLines(chunks, maxLineBytes))).map((line) => line.toString("utf8"));

describe("splitLines", () => {
  it("gives the same lines wherever the bytes are cut", async () => {
    const line = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\n"));
    const lines = fc.array(line, { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(lines, fc.array(fc.nat(300)), async (texts, places) => {
        const bytes = new TextEncoder().encode(texts.map((text) => `${text}\n`).join(""));
        const cuts = places.map((place) => Math.min(place, bytes.length));
        const expected = texts.map((text) => new TextDecoder().decode(new TextEncoder().encode(text)));
        expect(await read(cutAt(bytes, cuts))).toEqual(expected);
      }),
    );
  });

  it("takes a last line without an end, and none for nothing", async () => {
    expect(await read(cutAt(Buffer.from("one\ntwo"), []))).toEqual(["one", "two"]);
    expect(await read(cutAt(Buffer.from(""), []))).toEqual([]);
  });

  it("refuses a line that is too long, before it has come to its end", async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(Buffer.alloc(10, "x"));
    }
    await expect(read(endless(), 100)).rejects.toMatchObject({ code: "resource_exhausted" });
    expect(await read(cutAt(Buffer.from(`${"x".repeat(100)}\n`), [50]), 100)).toHaveLength(1);
    await expect(read(cutAt(Buffer.from(`ok\n${"x".repeat(101)}\nok\n`), []), 100)).rejects.toMatchObject({
      code: "resource_exhausted",
    });
  });
});
