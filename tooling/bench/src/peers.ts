import { formatTable } from "./format-table.ts";

/** Runs a second at 32 connections of 20 tokens, measured in one session on another machine, with bare `node:http` beside. */
const bare = 6110;
const peers: readonly (readonly [server: string, runsPerSecond: number])[] = [
  ["Hono streamSSE, keeps nothing", 3268],
  ["@a2a-js/sdk 1.3 (4 events)", 1893],
  ["Google ADK 2.0, a fresh session each", 1219],
  ["VoltAgent 2", 435],
  ["Mastra 1.71", 307],
  ["Cloudflare Agents 0.32, local", 186],
  ["Google ADK 2.0, one growing session", 63],
  ["LangGraph JS 2.0", 55],
];

/** What others make of bare: for the ratios of our servers that keep their runs. */
export function formatPeers(): string {
  const rows = peers.map(([server, runsPerSecond]) => [
    server,
    runsPerSecond.toFixed(0),
    (runsPerSecond / bare).toFixed(2),
  ]);
  return formatTable([`32 × 20 elsewhere, bare ${bare}`, "runs/s", "÷ bare"], rows, 1);
}
