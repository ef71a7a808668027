import { z } from "zod";
import type { HttpReply } from "./http.ts";
import type { Route } from "./route.ts";

/** Says why a part of the app cannot be used, or undefined when it can. */
export type ReadinessCheck = () => Promise<string | undefined> | string | undefined;

export interface HealthOptions {
  /** False before the start, while draining and after the end. */
  readonly isReady: () => boolean;
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
}

const healthSchema = z.object({
  status: z.enum(["healthy", "unhealthy"]),
  mode: z.literal("standalone"),
  runner: z.enum(["ready", "not_ready"]),
  /** Seconds since 1970. */
  timestamp: z.number(),
});

const readinessSchema = z.object({ status: z.enum(["ready", "not_ready"]), reasons: z.record(z.string(), z.string()) });
const livenessSchema = z.object({ status: z.literal("alive") });

/** For orchestrators and people: they need no authentication and tell nothing that is secret. */
export function healthRoutes({ isReady, checks }: HealthOptions): readonly Route[] {
  const tag = "health";
  return [
    {
      method: "GET",
      path: "/health",
      public: true,
      doc: { summary: "Is the app well, and is its agent ready?", tag, reply: healthSchema },
      handle: () => {
        const runner = isReady() ? "ready" : "not_ready";
        const timestamp = Date.now() / 1000;
        return { status: 200, body: { json: { status: "healthy", mode: "standalone", runner, timestamp } } };
      },
    },
    {
      method: "GET",
      path: "/readiness",
      public: true,
      doc: { summary: "May requests be sent here? 503 with the reasons when not.", tag, reply: readinessSchema },
      handle: () => readiness(),
    },
    {
      method: "GET",
      path: "/liveness",
      public: true,
      doc: { summary: "Does the process answer?", tag, reply: livenessSchema },
      handle: () => ({ status: 200, body: { json: { status: "alive" } } }),
    },
  ];

  async function readiness(): Promise<HttpReply> {
    const reasons: Record<string, string> = isReady() ? {} : { runner: "not started, or shutting down" };
    const check = async ([name, ask]: [string, ReadinessCheck]): Promise<void> => {
      const reason = await reasonOf(ask);
      if (reason !== undefined) reasons[name] = reason;
    };
    await Promise.all(Object.entries(checks).map(check));
    const ready = Object.keys(reasons).length === 0;
    return { status: ready ? 200 : 503, body: { json: { status: ready ? "ready" : "not_ready", reasons } } };
  }
}

async function reasonOf(check: ReadinessCheck): Promise<string | undefined> {
  try {
    return await check();
  } catch {
    return "the check failed";
  }
}
