import { Redis } from "ioredis";
import { openRedisServices } from "./index.ts";
import { appendEvents } from "./run-scripts.ts";
const redis = new Redis(7778, { lazyConnect: true });
await using s = await openRedisServices({ redis, prefix: "bench" });
const bare = new Redis(7778);
await bare.flushall();
const N = 20000;
async function time(f: (i: number) => Promise<unknown>): Promise<string> {
  const out = [];
  for (let round = 0; round < 3; round++) {
    const t = performance.now();
    for (let i = 0; i < N; i++) await f(round * N + i);
    out.push((((performance.now() - t) / N) * 1000).toFixed(1));
  }
  return out.join(" ") + " us";
}
const event = JSON.stringify({ object: "content", type: "text", delta: true, text: "x".repeat(100) });
const key = { ownerId: "o", runId: `r` };
const nr = { agent: "a", sessionId: "s", userId: "u", requestHash: "h", request: "q", holder: "me" };
await s.runLog.create(key, nr);
console.log("ping", await time(() => bare.ping()));
console.log("xadd", await time((i) => bare.xadd("bare:ev", `${i + 1}-0`, "e", event)));
console.log("eval nothing", await time(() => bare.eval("return 1", 0)));
console.log("append", await time((i) => s.runLog.append(key, { holder: "me", first: i, events: [event] })));
const k2 = { ownerId: "o", runId: `r2` };
await s.runLog.create(k2, { ...nr, sessionId: "s2" });
const sha = appendEvents.digest;
const keys = await bare.keys("*:run:o:r2");
console.log(keys);
const ek = keys[0]!.replace(":run:", ":events:");
console.log(
  "append script by bare",
  await time((i) => bare.evalsha(sha, 2, keys[0]!, ek, "id", "", "h:me:", i, "bench:run:o:r2", event)),
);
console.log(
  "multi",
  await time((i) =>
    bare
      .multi()
      .hset("bare:run", "count", i)
      .xadd("bare:evm", `${i + 1}-0`, "e", event)
      .publish("ch", String(i))
      .exec(),
  ),
);
bare.disconnect();
