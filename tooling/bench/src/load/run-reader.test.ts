import { RunReader } from "./run-reader.ts";

const events = ["{}", '{"n":0}', '{"text":"0\\r\\n\\r\\n data: "}', `{"text":"${"long ".repeat(20)}"}`];
const frames = events.map((data, index) => `id: ${index}\ndata: ${data}\n\n`);
const head = "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";

/** As Node frames it: one chunk for each write. */
function reply(writes: readonly string[]): Buffer {
  const chunks = writes.map((write) => `${Buffer.byteLength(write).toString(16)}\r\n${write}\r\n`);
  return Buffer.from(`${head}${chunks.join("")}0\r\n\r\n`);
}

function read(pieces: readonly Buffer[]): { events: number; told: number; endedAfter: number } {
  const reader = new RunReader();
  let told = 0;
  let endedAfter = -1;
  for (const [index, piece] of pieces.entries()) {
    told += reader.push(piece);
    if (reader.ended) endedAfter = index;
  }
  return { events: reader.events, told, endedAfter };
}

describe("the reader of a run", () => {
  it.each([
    ["one write for each event", frames],
    ["one write for all", [frames.join("")]],
    ["comments in between", [": keep-alive\n\n", ...frames]],
  ])("counts the events and sees the end, cut in two anywhere: %s", (_, writes) => {
    const bytes = reply(writes);
    for (let at = 0; at <= bytes.length; at += 1) {
      const endedAfter = at === bytes.length ? 0 : 1;
      const found = read([bytes.subarray(0, at), bytes.subarray(at)]);
      expect({ at, ...found }).toEqual({ at, events: 4, told: 4, endedAfter });
    }
  });

  it.each([1, 2, 3, 5, 7, 11])("and cut into pieces of %i bytes", (size) => {
    const bytes = reply(frames);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    expect(read(pieces)).toEqual({ events: 4, told: 4, endedAfter: pieces.length - 1 });
  });

  it("does not take a refusal for a run", () => {
    const refusal = 'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{"error":"busy"}';
    const reader = new RunReader();
    reader.push(Buffer.from(refusal.slice(0, 9)));
    expect(() => reader.push(Buffer.from(refusal.slice(9)))).toThrow('{"error":"busy"}');
  });
});
