import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { SessionHistoryService } from "@agentscope-runtime/services";
import { openPGliteServices, openPostgresServices } from "@agentscope-runtime/services-postgres";
import { openRedisServices } from "@agentscope-runtime/services-redis";
import { Redis } from "ioredis";
import pg from "pg";
import { bareRedisHistory, createBarePostgresHistory } from "./bare-history.ts";
import { formatTable } from "./format-table.ts";
import { percentile } from "./percentile.ts";
import type { Stage } from "./stage.ts";

export interface ServicesOptions {
  /** How long each measurement takes. */
  readonly seconds: number;
  /** How often each store is measured, in turns. */
  readonly rounds: number;
  /** Calls under way at once. */
  readonly concurrency: number;
}

/** The two calls that every run makes of a history. */
export type HistoryCalls = Pick<SessionHistoryService, "append" | "read">;

export interface ServicesFigures {
  readonly store: string;
  /** Calls a second: two messages are appended, the last 50 are read. */
  readonly append: number;
  readonly read: number;
  /** Time of a call in a session of 10,000 messages ÷ that in one of 100. */
  readonly appendGrowth: number;
  readonly readGrowth: number;
}

interface Contender extends AsyncDisposable {
  readonly store: string;
  readonly history: HistoryCalls;
}

const short = { userId: "u", sessionId: "short" };
const long = { userId: "u", sessionId: "long" };
const longLength = 10_000;
const shortLength = 100;
const pageLength = 50;

function messages(count: number): Message[] {
  const text = "What a user and an agent say to each other is about this long, as a rule. ".repeat(4);
  return Array.from({ length: count }, () => messageSchema.parse({ role: "user", content: [{ type: "text", text }] }));
}

/** Measures the history of sessions beside bare clients that do no more than they must. */
export async function services(stage: Stage, options: ServicesOptions): Promise<ServicesFigures[]> {
  const contenders = await openContenders(stage);
  try {
    for (const { store, history } of contenders) {
      stage.progress(`${store}: filling`);
      for (const [key, count] of [
        [short, shortLength],
        [long, longLength],
      ] as const) {
        for (let filled = 0; filled < count; filled += pageLength) await history.append(key, messages(pageLength));
      }
    }
    const rounds = new Map<string, ServicesFigures[]>();
    for (let round = 0; round <= options.rounds; round += 1) {
      for (const contender of contenders) {
        stage.progress(`${contender.store}: ${round === 0 ? "warm-up" : `round ${round} of ${options.rounds}`}`);
        const figures = await measure(contender, options, stage.signal);
        if (round > 0) rounds.set(contender.store, [...(rounds.get(contender.store) ?? []), figures]);
      }
    }
    return Array.from(rounds, ([store, figures]) => medianOf(store, figures));
  } finally {
    for (const contender of contenders.toReversed()) await contender[Symbol.asyncDispose]();
  }
}

async function openContenders(stage: Stage): Promise<Contender[]> {
  const pool = new pg.Pool({ connectionString: await stage.startStore("postgres"), max: 20 });
  const redis = new Redis(await stage.startStore("redis"));
  const [postgres, onRedis, pglite] = [
    await openPostgresServices({ pool }),
    await openRedisServices({ redis }),
    await openPGliteServices(),
  ];
  const bare = await createBarePostgresHistory(pool);
  return [
    { store: "bare pg", history: bare, [Symbol.asyncDispose]: async () => pool.end() },
    {
      store: "postgres",
      history: postgres.sessions,
      [Symbol.asyncDispose]: async () => postgres[Symbol.asyncDispose](),
    },
    {
      store: "bare ioredis",
      history: bareRedisHistory(redis),
      [Symbol.asyncDispose]: async () => void (await redis.quit()),
    },
    { store: "redis", history: onRedis.sessions, [Symbol.asyncDispose]: async () => onRedis[Symbol.asyncDispose]() },
    { store: "pglite", history: pglite.sessions, [Symbol.asyncDispose]: async () => pglite[Symbol.asyncDispose]() },
  ];
}

async function measure(
  { store, history }: Contender,
  { seconds, concurrency }: ServicesOptions,
  signal: AbortSignal,
): Promise<ServicesFigures> {
  const said = messages(2);
  const rate = async (call: () => Promise<unknown>): Promise<number> =>
    callsPerSecond(call, { seconds: seconds / 4, concurrency, signal });
  const appendShort = await rate(() => history.append({ ...short, sessionId: crypto.randomUUID() }, said));
  const appendLong = await rate(() => history.append(long, said));
  const appendOne = await rate(() => history.append(short, said));
  const readShort = await rate(() => history.read(short, { limit: pageLength }));
  const readLong = await rate(() => history.read(long, { limit: pageLength }));
  return {
    store,
    append: appendShort,
    read: readShort,
    appendGrowth: appendOne / appendLong,
    readGrowth: readShort / readLong,
  };
}

async function callsPerSecond(
  call: () => Promise<unknown>,
  { seconds, concurrency, signal }: { seconds: number; concurrency: number; signal: AbortSignal },
): Promise<number> {
  const began = performance.now();
  const end = began + seconds * 1000;
  let calls = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < end) {
      signal.throwIfAborted();
      await call();
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return calls / ((performance.now() - began) / 1000);
}

function medianOf(store: string, figures: readonly ServicesFigures[]): ServicesFigures {
  const median = (of: (one: ServicesFigures) => number): number => percentile(figures.map(of), 0.5);
  return {
    store,
    append: median(({ append }) => append),
    read: median(({ read }) => read),
    appendGrowth: median(({ appendGrowth }) => appendGrowth),
    readGrowth: median(({ readGrowth }) => readGrowth),
  };
}

const bareOf: Readonly<Record<string, string>> = { postgres: "bare pg", redis: "bare ioredis" };

function ratio(value: number, of: number | undefined): string {
  return of === undefined ? "" : (value / of).toFixed(2);
}

export function formatServices(all: readonly ServicesFigures[]): string {
  const rows = all.map(({ store, append, read, appendGrowth, readGrowth }) => {
    const bare = all.find((other) => other.store === bareOf[store]);
    return [
      store,
      append.toFixed(0),
      ratio(append, bare?.append),
      read.toFixed(0),
      ratio(read, bare?.read),
      appendGrowth.toFixed(2),
      readGrowth.toFixed(2),
    ];
  });
  const head = ["history", "append/s", "÷ bare", "read 50/s", "÷ bare", "append 10,000 ÷ 100", "read 10,000 ÷ 100"];
  return formatTable(head, rows, 1);
}
