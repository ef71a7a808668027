import { decodeEvents, isTerminalStatus } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";

export interface CutReading {
  readonly events: readonly AgentEvent[];
  readonly cuts: number;
}

export interface CutOptions {
  /** Any of them serves any part of the stream. */
  readonly urls: readonly string[];
  readonly runId: string;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  /** How many times the connection is cut, if the run is long enough. */
  readonly cuts: number;
}

/** Reads a run to its end over connections that are cut after a random number of events, going on behind the last seen. */
export async function readWithCuts({ urls, runId, random, cuts }: CutOptions): Promise<CutReading> {
  const events: AgentEvent[] = [];
  let cut = 0;
  for (;;) {
    const url = urls[Math.floor(random() * urls.length)] ?? "";
    const last = events.at(-1)?.sequence_number;
    // Both ways to say where to go on.
    const header = random() < 0.5;
    const query = last === undefined || last === null || header ? "" : `?after=${last}`;
    const headers: Record<string, string> =
      last !== undefined && last !== null && header ? { "last-event-id": String(last) } : {};
    const leaving = new AbortController();
    const answer = await fetch(`${url}/runs/${runId}/events${query}`, { headers, signal: leaving.signal });
    if (answer.status === 204) return { events, cuts: cut };
    if (answer.body === null || answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
    const enough = cut < cuts ? Math.floor(random() ** 2 * 40) : Infinity;
    let seen = 0;
    try {
      for await (const event of decodeEvents(answer.body)) {
        if (seen === enough) break;
        events.push(event);
        seen += 1;
        if (event.object === "response" && isTerminalStatus(event.status)) return { events, cuts: cut };
      }
    } finally {
      leaving.abort();
    }
    cut += 1;
  }
}
