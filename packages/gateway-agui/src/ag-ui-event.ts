import type { Event, EventType } from "@ag-ui/core";
import { EventSchema } from "@ag-ui/core/schemas";
import type { AgentOutput } from "@agentscope-runtime/core";

/**
 * The events of AG-UI that an agent says itself, since nothing else in a run stands for them. Patches are JSON Patch, RFC
 * 6902. A name of a `CUSTOM` event begins with a prefix of yours.
 */
export type AgUiEvent =
  | { readonly type: `${EventType.STATE_SNAPSHOT}`; readonly snapshot: unknown }
  | { readonly type: `${EventType.STATE_DELTA}`; readonly delta: readonly unknown[] }
  | { readonly type: `${EventType.STEP_STARTED | EventType.STEP_FINISHED}`; readonly stepName: string }
  | { readonly type: `${EventType.CUSTOM}`; readonly name: string; readonly value: unknown }
  | { readonly type: `${EventType.RAW}`; readonly event: unknown; readonly source?: string }
  | {
      readonly type: `${EventType.ACTIVITY_SNAPSHOT}`;
      readonly messageId: string;
      readonly activityType: string;
      readonly content: Readonly<Record<string, unknown>>;
      readonly replace?: boolean;
    }
  | {
      readonly type: `${EventType.ACTIVITY_DELTA}`;
      readonly messageId: string;
      readonly activityType: string;
      readonly patch: readonly unknown[];
    };

/** `type` of the data part in which such an event travels. */
const dataType = "ag-ui.event";

const sayable: ReadonlySet<string> = new Set<AgUiEvent["type"]>([
  "STATE_SNAPSHOT",
  "STATE_DELTA",
  "STEP_STARTED",
  "STEP_FINISHED",
  "CUSTOM",
  "RAW",
  "ACTIVITY_SNAPSHOT",
  "ACTIVITY_DELTA",
]);

/**
 * An event of AG-UI as something an agent yields: state, steps, activities and what only your own client understands. At
 * other doors it is a `data` part that clients do not show.
 *
 * @example
 * ```ts
 * yield agUiEvent({ type: "STATE_SNAPSHOT", snapshot: { plan: [] } });
 * ```
 */
export function agUiEvent(event: AgUiEvent): AgentOutput {
  return { type: "content", content: { type: "data", data: { type: dataType, event } } };
}

/** The event in a data part; undefined when there is none, or when it is not one that an agent may say. */
export function eventIn(data: Readonly<Record<string, unknown>> | null): Event | undefined {
  if (data?.["type"] !== dataType) return undefined;
  const { success, data: event } = EventSchema.safeParse(data["event"]);
  // The schema and the type are generated from one source; they differ only in how they write optional fields.
  return success && sayable.has(event.type) ? (event as Event) : undefined;
}
