import type { Route } from "./route.ts";
import type { Runs } from "./runs.ts";

/** `GET /metrics` in Prometheus' text format. */
export function metricsRoute(runs: Runs): Route {
  return {
    method: "GET",
    path: "/metrics",
    doc: { summary: "Counters for Prometheus.", tag: "health" },
    handle: () => ({ status: 200, body: { text: textOf(runs), contentType: "text/plain; version=0.0.4" } }),
  };
}

function textOf({ active, ended }: Runs): string {
  const lines = [
    "# HELP agentscope_runs_active Runs under way in this process.",
    "# TYPE agentscope_runs_active gauge",
    `agentscope_runs_active ${active}`,
    "# HELP agentscope_runs_total Runs that have ended in this process.",
    "# TYPE agentscope_runs_total counter",
  ];
  for (const [agent, byStatus] of ended) {
    for (const [status, count] of byStatus) {
      lines.push(`agentscope_runs_total{agent=${JSON.stringify(agent)},status="${status}"} ${count}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
