import { Redis } from "ioredis";
import { openRedisServices } from "./index.ts";
import { messageSchema } from "@agentscope-runtime/protocol";
const redis = new Redis(7778, { lazyConnect: true });
await using s = await openRedisServices({ redis, prefix: "bench" });
const bare = new Redis(7778);
await bare.flushall();
const msg = (i: number) =>
  messageSchema.parse({ role: "user", content: [{ type: "text", text: `message ${i} ` + "x".repeat(200) }] });
async function time(n: number, f: (i: number) => Promise<unknown>, par = 1): Promise<number> {
  const t = performance.now();
  let i = 0;
  await Promise.all(
    Array.from({ length: par }, async () => {
      while (i < n) await f(i++);
    }),
  );
  return (n / (performance.now() - t)) * 1000;
}
const median = (a: number[]) => a.toSorted((x, y) => x - y)[a.length >> 1] ?? 0;
// length
for (const len of [100, 10_000]) {
  const key = { userId: "u", sessionId: `s${len}` };
  for (let i = 0; i < len; i += 100)
    await s.sessions.append(
      key,
      Array.from({ length: 100 }, (_, j) => msg(i + j)),
    );
}
for (let round = 0; round < 3; round++)
  for (const len of [100, 10_000]) {
    const key = { userId: "u", sessionId: `s${len}` };
    const a: number[] = [],
      r: number[] = [];
    for (let i = 0; i < 300; i++) {
      let t = performance.now();
      await s.sessions.append({ userId: "u", sessionId: `s${len}` }, [msg(i)]);
      a.push(performance.now() - t);
      t = performance.now();
      await s.sessions.read(key, { limit: 50 });
      r.push(performance.now() - t);
    }
    console.log("session", len, "append ms", median(a).toFixed(3), "read50 ms", median(r).toFixed(3));
  }
const N = 5000;
for (const par of [1, 32]) {
  for (let round = 0; round < 3; round++) {
    const bareAppend = await time(N, (i) => bare.rpush("bare:list", JSON.stringify(msg(i))), par);
    const barePipe = await time(
      N,
      (i) =>
        bare
          .multi()
          .xadd("bare:stream", "*", "m", JSON.stringify(msg(i)))
          .hset("bare:hash", "updated", Date.now())
          .zadd("bare:z", Date.now(), "s")
          .exec(),
      par,
    );
    const ours = await time(N, (i) => s.sessions.append({ userId: "u", sessionId: "ops" + par }, [msg(i)]), par);
    const bareRead = await time(
      N / 5,
      async () => (await bare.lrange("bare:list", -50, -1)).map((x) => JSON.parse(x) as unknown),
      par,
    );
    const bareX = await time(
      N / 5,
      async () =>
        (await bare.xrevrange("bare:stream", "+", "-", "COUNT", 50)).map((x) => JSON.parse(x[1][1] ?? "") as unknown),
      par,
    );
    const oursRead = await time(
      N / 5,
      () => s.sessions.read({ userId: "u", sessionId: "ops" + par }, { limit: 50 }),
      par,
    );
    // run log
    const key = { ownerId: "o", runId: `r${par}-${round}` };
    await s.runLog.create(key, {
      agent: "a",
      sessionId: "s" + par + round,
      userId: "u",
      requestHash: "h",
      request: "q",
      holder: "me",
    });
    const event = JSON.stringify({ object: "content", type: "text", delta: true, text: "x".repeat(100) });
    const bareEvent = await time(N, (i) => bare.xadd("bare:ev" + par + round, `${i + 1}-0`, "e", event), 1);
    const bareEval = await time(
      N,
      (i) =>
        bare
          .multi()
          .hset("bare:run", "count", i)
          .xadd("bare:evm" + par + round, `${i + 1}-0`, "e", event)
          .publish("ch", String(i))
          .exec(),
      1,
    );
    const oursEvent = await time(N, (i) => s.runLog.append(key, { holder: "me", first: i, events: [event] }), 1);
    console.log({
      par,
      bareRpush: bareAppend | 0,
      bareMulti: barePipe | 0,
      ours: ours | 0,
      ratioRpush: (ours / bareAppend).toFixed(2),
      ratioMulti: (ours / barePipe).toFixed(2),
      bareRead: bareRead | 0,
      bareX: bareX | 0,
      oursRead: oursRead | 0,
      ratioRead: (oursRead / bareRead).toFixed(2),
      ratioX: (oursRead / bareX).toFixed(2),
      bareXadd: bareEvent | 0,
      bareMultiEvent: bareEval | 0,
      oursEvent: oursEvent | 0,
      r: (oursEvent / bareEvent).toFixed(2),
      rm: (oursEvent / bareEval).toFixed(2),
    });
  }
}
bare.disconnect();
