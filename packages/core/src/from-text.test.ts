import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fromText } from "./from-text.ts";
import type { TextSource } from "./from-text.ts";

const said = "naïve 日本語 👩🏽‍🚀 é";
const read = async (source: TextSource | Promise<TextSource>): Promise<string[]> => Array.fromAsync(fromText(source));

describe("fromText", () => {
  it("takes a text, bytes, a list, generators of both kinds, and promises of them", async () => {
    expect(await read("Hello")).toEqual(["Hello"]);
    expect(await read(Promise.resolve("Hello"))).toEqual(["Hello"]);
    expect(await read(new TextEncoder().encode(said))).toEqual([said]);
    expect(await read(["Hel", "", "lo"])).toEqual(["Hel", "lo"]);
    const generator = (function* () {
      yield "Hel";
      yield "lo";
    })();
    expect(await read(generator)).toEqual(["Hel", "lo"]);
    expect(await read(ReadableStream.from(["Hel", "lo"]))).toEqual(["Hel", "lo"]);
  });

  it("keeps characters whole wherever their bytes are cut", async () => {
    const bytes = new TextEncoder().encode(said);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect((await read([bytes.subarray(0, cut), bytes.subarray(cut)])).join("")).toBe(said);
    }
    expect((await read([...bytes].map((byte) => Uint8Array.of(byte)))).join("")).toBe(said);
    // What never becomes a character is told as one that is not known.
    expect(await read([Uint8Array.of(0xe6, 0x97), "x"])).toEqual(["\uFFFDx"]);
  });

  it("tells the body of an answer as it comes", async () => {
    const server = createServer((_, response) => {
      response.write("one ");
      setImmediate(() => response.end("two"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const { body } = await fetch(`http://127.0.0.1:${port}`);
    expect((await read(body ?? "")).join("")).toBe("one two");
    await new Promise((resolve) => server.close(resolve));
  });

  it("ends the source when the loop is left, and passes on what it throws", async () => {
    let isEnded = false;
    const source = (async function* () {
      try {
        yield "one";
        yield "two";
      } finally {
        isEnded = true;
      }
    })();
    for await (const _ of fromText(source)) break;
    expect(isEnded).toBe(true);
    // oxlint-disable-next-line eslint/require-yield -- It fails before it says anything.
    const broken = (async function* (): AsyncGenerator<string> {
      throw new RangeError("broken");
    })();
    await expect(read(broken)).rejects.toThrow("broken");
  });

  it("says what is no text", async () => {
    for (const piece of [7, null, undefined, {}]) {
      await expect(read([piece] as unknown as string[])).rejects.toMatchObject({ code: "internal" });
    }
  });
});
