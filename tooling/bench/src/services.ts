import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { SessionHistoryService, SessionKey } from "@agentscope-runtime/services";
import { openPGliteServices, openPostgresServices } from "@agentscope-runtime/services-postgres";
import { openRedisServices } from "@agentscope-runtime/services-redis";
import { Redis } from "ioredis";
import pg from "pg";
import { alternate } from "./alternate.ts";
import type { Alternated, AlternateOptions, Call } from "./alternate.ts";
import { bareRedisHistory, createBarePostgresHistory } from "./bare-history.ts";
import { formatTable } from "./format-table.ts";
import type { Stage } from "./stage.ts";

export type ServicesOptions = Omit<AlternateOptions, "signal">;

/** The two calls that every run makes of a history. */
export type HistoryCalls = Pick<SessionHistoryService, "append" | "read">;

export interface ServicesFigures {
  readonly store: string;
  /** Two messages are appended to a new session, the last 50 are read: ours beside the bare client's. */
  readonly bare: Readonly<Record<keyof HistoryCalls, Alternated>> | undefined;
  /** The same calls in a session of 100 messages, beside one of 10,000: the ratio is the long one's time ÷ the short one's. */
  readonly growth: Readonly<Record<keyof HistoryCalls, Alternated>>;
}

interface Contender extends AsyncDisposable {
  readonly store: string;
  readonly history: HistoryCalls;
  /** Undefined where there is no client that does less. */
  readonly bare?: HistoryCalls;
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
    for (const { store, history, bare } of contenders) {
      stage.progress(`${store}: filling`);
      for (const [key, count] of [
        [short, shortLength],
        [long, longLength],
      ] as const) {
        for (let filled = 0; filled < count; filled += pageLength) await history.append(key, messages(pageLength));
      }
      for (let filled = 0; filled < shortLength; filled += pageLength) await bare?.append(short, messages(pageLength));
    }
    const figures: ServicesFigures[] = [];
    for (const contender of contenders) figures.push(await measure(contender, stage, options));
    return figures;
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
  return [
    {
      store: "postgres",
      history: postgres.sessions,
      bare: await createBarePostgresHistory(pool),
      [Symbol.asyncDispose]: async () => {
        await postgres[Symbol.asyncDispose]();
        await pool.end();
      },
    },
    {
      store: "redis",
      history: onRedis.sessions,
      bare: bareRedisHistory(redis),
      [Symbol.asyncDispose]: async () => {
        await onRedis[Symbol.asyncDispose]();
        await redis.quit();
      },
    },
    { store: "pglite", history: pglite.sessions, [Symbol.asyncDispose]: async () => pglite[Symbol.asyncDispose]() },
  ];
}

async function measure(
  { store, history, bare }: Contender,
  stage: Stage,
  options: ServicesOptions,
): Promise<ServicesFigures> {
  const said = messages(2);
  const beside = async (what: string, first: Call, second: Call): Promise<Alternated> => {
    stage.progress(`${store}: ${what}`);
    return alternate(first, second, { ...options, signal: stage.signal });
  };
  const append = (to: HistoryCalls, key?: SessionKey) => async () =>
    to.append(key ?? { ...short, sessionId: crypto.randomUUID() }, said);
  return {
    store,
    growth: {
      read: await beside("read, short and long", read(history, short), read(history, long)),
      append: await beside("append, short and long", append(history, short), append(history, long)),
    },
    bare: bare && {
      read: await beside("read", read(history, long), read(bare, short)),
      append: await beside("append", append(history), append(bare)),
    },
  };
}

function read(from: HistoryCalls, key: SessionKey): Call {
  return async () => from.read(key, { limit: pageLength });
}

function withSpread({ ratio, low, high }: Alternated): string {
  return `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

export function formatServices(all: readonly ServicesFigures[]): string {
  const rows = all.map(({ store, bare, growth }) => [
    store,
    ...[bare?.append, bare?.read].flatMap((figures) =>
      figures === undefined ? ["", "", ""] : [figures.first.toFixed(0), figures.second.toFixed(0), withSpread(figures)],
    ),
    withSpread(growth.append),
    withSpread(growth.read),
  ]);
  const head = ["history", "append/s", "bare", "÷ bare", "read 50/s", "bare", "÷ bare"];
  const table = formatTable([...head, "append 10,000 ÷ 100", "read 10,000 ÷ 100"], rows, 1);
  return `${table}\n\nRatios are medians of turns, with the middle half of them. Growth is in time: 1 is none.`;
}
