import type { DoorName } from "../door-request.ts";
import type { Order } from "../order.ts";

/** When measuring begins, counted from the start of the load, and how long it lasts. */
export interface Window {
  readonly warmUpMs: number;
  readonly windowMs: number;
}

/** Every connection sends a request as soon as the one before is answered. */
export interface ClosedLoopPlan {
  readonly kind: "closed-loop";
  readonly url: string;
  readonly connections: number;
  readonly order: Order;
  /** At which door the order is given. Default: our own wire. */
  readonly door?: DoorName;
  /** How many events a run has; a run with more or fewer fails the benchmark. Null: it depends on how they came together. */
  readonly events: number | null;
  /** Ends when the window is over, or after this many runs. */
  readonly until: Window | { readonly runs: number };
}

/** Streams that go on at their own pace and end only with the plan. */
export interface PacedPlan {
  readonly kind: "paced";
  readonly url: string;
  readonly streams: number;
  readonly intervalMs: number;
  readonly window: Window;
}

/** Streams that are opened and then left alone, until the plan `release`. */
export interface HoldPlan {
  readonly kind: "hold";
  readonly url: string;
  readonly streams: number;
}

export type LoadPlan = ClosedLoopPlan | PacedPlan | HoldPlan | { readonly kind: "release" };

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export interface ClosedLoopFigures {
  readonly runs: number;
  readonly seconds: number;
  readonly firstEventMs: Percentiles;
  /** Share of one processor that the load generator itself used. Near 1, it is the generator that was measured. */
  readonly busy: number;
}

export interface PacedFigures {
  readonly events: number;
  readonly seconds: number;
  /** By how much the time between two events of a stream was longer than its interval. */
  readonly latenessMs: Percentiles;
  /** As in `ClosedLoopFigures`. */
  readonly busy: number;
}

/** What the load generator says: once each when measuring begins and ends, then what it found. */
export type LoadReport =
  | { readonly type: "opened" }
  | { readonly type: "closed" }
  | { readonly type: "done"; readonly figures: unknown }
  | { readonly type: "failed"; readonly message: string };
