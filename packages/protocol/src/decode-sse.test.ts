import * as fc from "fast-check";
import { decodeSse } from "./decode-sse.ts";
import type { DecodeSseOptions, SseMessage } from "./decode-sse.ts";

const encoder = new TextEncoder();

async function* chunksOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield encoder.encode(text);
}

async function* bytesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield encoder.encode("data: 1\n\n");
  throw new Error("socket hang up");
}

function read(chunks: AsyncIterable<Uint8Array>, options?: DecodeSseOptions): Promise<SseMessage[]> {
  return Array.fromAsync(decodeSse(chunks, options));
}

/** Endless, and counts what happens to it. */
function endless(text: string) {
  const chunk = encoder.encode(text);
  const seen = { pulled: 0, ended: 0 };
  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        seen.pulled += 1;
        return Promise.resolve({ done: false, value: chunk });
      },
      return: () => {
        seen.ended += 1;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  return { source, seen };
}

describe("decodeSse", () => {
  it("reads ids, names and data, and repeats the last id until there is another", async () => {
    const text = "id: 7\nevent: note\ndata: one\n\ndata:two\ndata: lines\n\nid\ndata: none\n\n";
    expect(await read(chunksOf(text))).toEqual([
      { id: "7", event: "note", data: "one" },
      { id: "7", event: "message", data: "two\nlines" },
      { id: "", event: "message", data: "none" },
    ]);
  });

  it("leaves out comments, unknown fields, messages without data and one that was cut off", async () => {
    const text = ": hello\n\nretry: 1\n\nfoo: bar\nid: 3\n\ndata\n\nevent: x\n\ndata: whole\n\ndata: cut";
    expect(await read(chunksOf(text))).toEqual([{ id: "3", event: "message", data: "whole" }]);
  });

  it.each(["\n", "\r\n", "\r"])("reads the same with %j line ends, wherever it is cut", async (end) => {
    const text = ["﻿: hi", "", "id: ü", "data: 😀", "data: é", "", "data: 2", "", ""].join(end);
    // The last \r of a stream may be half a line end; what comes next tells.
    const bytes = encoder.encode(end === "\r" ? `${text}:` : text);
    for (let size = 1; size <= bytes.length; size += 1) {
      expect(await read(bytesOf(bytes, size))).toEqual([
        { id: "ü", event: "message", data: "😀\né" },
        { id: "ü", event: "message", data: "2" },
      ]);
    }
  });

  it("gives each message as soon as it is there", async () => {
    const messages = decodeSse(endless("data: tick\n\n").source);
    expect(await messages.next()).toMatchObject({ value: { data: "tick" } });
    expect(await messages.next()).toMatchObject({ value: { data: "tick" } });
    await messages.return();
  });

  it("ends its source when the loop is left early", async () => {
    const { source, seen } = endless("data: 1\n\ndata: 2\n\n");
    for await (const { data } of decodeSse(source)) if (data === "1") break;
    expect(seen).toEqual({ pulled: 1, ended: 1 });
  });

  it("cancels a web stream when the loop is left early", async () => {
    const reasons: unknown[] = [];
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(encoder.encode("data: 1\n\n"));
      },
      cancel: (reason) => {
        reasons.push(reason);
      },
    });
    for await (const _ of decodeSse(stream)) break;
    expect(reasons).toHaveLength(1);
  });

  it("passes on what its source throws", async () => {
    const messages = decodeSse(broken());
    expect(await messages.next()).toMatchObject({ value: { data: "1" } });
    await expect(messages.next()).rejects.toThrow("socket hang up");
  });
});

describe("decodeSse's limit", () => {
  const tooLarge = { name: "RuntimeError", code: "payload_too_large", details: { maxMessageLength: 100 } };

  it.each([
    ["a line without end", "data: aaaaaaaaaaaaaaaaaaaa"],
    ["lines that add up", "data: aaaaaaaaaaaaaaaaaaaa\n"],
    ["empty lines that add up", "data\ndata\ndata\ndata\n"],
    ["an id without end", "id: aaaaaaaaaaaaaaaaaaaa".repeat(99)],
  ])("ends an endless stream of %s, and stays ended", async (_, text) => {
    const { source, seen } = endless(text);
    const messages = decodeSse(source, { maxMessageLength: 100 });
    await expect(messages.next()).rejects.toMatchObject(tooLarge);
    expect(seen.ended).toBe(1);
    const { pulled } = seen;
    expect(pulled).toBeLessThan(2000);
    expect(await messages.next()).toEqual({ done: true, value: undefined });
    expect(seen).toEqual({ pulled, ended: 1 });
  });

  it("counts the data of one message, the same wherever it is cut", async () => {
    const line = fc.stringMatching(/^[a-z]{0,60}$/);
    const text = fc.record({
      lines: fc.array(line, { minLength: 1, maxLength: 4 }),
      size: fc.integer({ min: 1, max: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(text, async ({ lines, size }) => {
        const data = lines.join("\n");
        fc.pre(data !== "");
        const bytes = encoder.encode(`id: 1\n${lines.map((value) => `data: ${value}\n`).join("")}\n`);
        const result = await read(bytesOf(bytes, size), { maxMessageLength: 100 }).catch((error: unknown) => error);
        const message = { id: "1", event: "message", data };
        expect(result).toMatchObject(data.length > 100 ? tooLarge : [message]);
      }),
    );
  });

  it.each([1, 1000])("lets through exactly as much as it says, in pieces of %d bytes", async (size) => {
    const bytes = encoder.encode(`id: 1\nevent: note\ndata: ${"a".repeat(100)}\n\n`);
    expect(await read(bytesOf(bytes, size), { maxMessageLength: 100 })).toMatchObject([{ data: "a".repeat(100) }]);
  });

  it("gives what came before the message that is too long, also out of one chunk", async () => {
    const messages = decodeSse(chunksOf(`data: 1\n\ndata: ${"a".repeat(101)}\n\ndata: 3\n\n`), {
      maxMessageLength: 100,
    });
    expect(await messages.next()).toMatchObject({ value: { data: "1" } });
    await expect(messages.next()).rejects.toMatchObject(tooLarge);
    expect(await messages.next()).toEqual({ done: true, value: undefined });
  });

  it("is about one message, not about the stream or its comments", async () => {
    const text = `: ${"z".repeat(5000)}\ndata: ${"a".repeat(100)}\n\n`;
    expect(await read(chunksOf(text, text, text, text), { maxMessageLength: 100 })).toHaveLength(4);
  });

  it("is 16 Mi characters by default", async () => {
    const { source } = endless(`data: ${"a".repeat(1024 * 1024 - 7)}\n`);
    await expect(decodeSse(source).next()).rejects.toMatchObject({
      code: "payload_too_large",
      details: { maxMessageLength: 16 * 1024 * 1024 },
    });
  });
});
