import { lastEntry, runFrames } from "@agentscope-runtime/core";
import type { Gateway, GatewayHost, HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import { agentEventSchema } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { invocationSchema, parseInvocation } from "./invocation.ts";

/** What is asked for by `GET /ping`. */
const pingSchema = z.object({
  /** `HealthyBusy` keeps the machine, also while nobody is connected. */
  status: z.enum(["Healthy", "HealthyBusy"]),
  /** Seconds since 1970: when the status last changed. */
  time_of_last_update: z.int(),
});

/**
 * The two routes that Bedrock AgentCore asks of a container: `POST /invocations`, a run of the app's first agent, and
 * `GET /ping`, which is busy while such runs are under way. The session is the platform's.
 *
 * @example
 * ```ts
 * const app = new AgentApp({ query, gateways: [agentCoreGateway()] });
 * await serve(app, { host: "0.0.0.0", port: 8080 });
 * ```
 */
export function agentCoreGateway(): Gateway {
  return { name: "agentcore", routes: routesOf };
}

function routesOf({ runs, maxBodyBytes }: GatewayHost): readonly Route[] {
  let underWay = 0;
  let changedAt = Date.now();

  return [
    {
      method: "GET",
      path: "/ping",
      public: true,
      doc: { summary: "Whether the agent is well, and whether it is at work.", tag: "agentcore", reply: pingSchema },
      handle() {
        const status = underWay > 0 ? "HealthyBusy" : "Healthy";
        return { status: 200, body: { json: { status, time_of_last_update: Math.floor(changedAt / 1000) } } };
      },
    },
    {
      method: "POST",
      path: "/invocations",
      doc: {
        summary: "Run the agent and stream its events; with `stream: false`, answer one response.",
        tag: "agentcore",
        body: invocationSchema,
        events: agentEventSchema,
      },
      handle: invoke,
    },
  ];

  async function invoke({ http, identity }: RouteRequest): Promise<HttpReply> {
    const request = parseInvocation(await http.readJson(maxBodyBytes), http.headers);
    const { signal } = http;
    const traceparent = http.headers["traceparent"];
    const key = await runs.start({ request, identity, reader: signal, traceparent });
    count(1);
    // Nobody waits for this one: it only tells when the run has ended, whoever still listens.
    void lastEntry(runs.read(key, { follow: true }))
      .catch(() => undefined)
      .finally(() => {
        count(-1);
      });
    const entries = runs.read(key, { follow: true, signal });
    if (request.stream !== false) return { status: 200, body: { sse: runFrames(entries) } };
    const { data } = await lastEntry(entries);
    return { status: 200, body: { text: data, contentType: "application/json; charset=utf-8" } };
  }

  function count(change: 1 | -1): void {
    const wasBusy = underWay > 0;
    underWay += change;
    if (underWay > 0 !== wasBusy) changedAt = Date.now();
  }
}
