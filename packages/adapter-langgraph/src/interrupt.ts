import { isObject } from "@agentscope-runtime/core/adapter";

/** A pause of a graph, as its stream and its state tell it. */
export interface GraphInterrupt {
  readonly id?: string | undefined;
  readonly value?: unknown;
}

/** What a person is asked about a pause. */
export interface AskedAction {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
}

/** Questions of a pause that asks about no tool carry this name. */
const interruptName = "interrupt";

/**
 * What a pause asks: LangChain's `humanInTheLoopMiddleware` one question per call, everything else one with its value.
 */
export function actionsOf(interrupt: GraphInterrupt): readonly AskedAction[] {
  const id = interrupt.id ?? interruptName;
  const requests = requestsOf(interrupt);
  if (requests === undefined) {
    const { value } = interrupt;
    return [{ id, name: interruptName, arguments: isObject(value) ? value : { value: value ?? null } }];
  }
  return requests.map(({ name, args }, index) => ({ id: `${id}.${index}`, name, arguments: args }));
}

export interface ActionRequest {
  readonly name: string;
  readonly args: unknown;
  /** What may be decided, such as `approve`; undefined where nobody says. */
  readonly allowed: readonly unknown[] | undefined;
}

/** The calls that `humanInTheLoopMiddleware` asks about; undefined for a pause of another kind. */
export function requestsOf({ value }: GraphInterrupt): readonly ActionRequest[] | undefined {
  if (!isObject(value) || !Array.isArray(value["actionRequests"])) return undefined;
  const configs: readonly unknown[] = Array.isArray(value["reviewConfigs"]) ? value["reviewConfigs"] : [];
  return value["actionRequests"].map((request: unknown, index): ActionRequest => {
    const { name, args, arguments: other } = isObject(request) ? request : {};
    const config = configs[index];
    const allowed = isObject(config) ? config["allowedDecisions"] : undefined;
    return {
      name: typeof name === "string" ? name : interruptName,
      args: args ?? other ?? {},
      allowed: Array.isArray(allowed) ? allowed : undefined,
    };
  });
}

/** The pauses that an update of a graph's stream tells. */
export function interruptsIn(payload: unknown): readonly GraphInterrupt[] | undefined {
  if (!isObject(payload) || !Array.isArray(payload["__interrupt__"])) return undefined;
  return payload["__interrupt__"].filter(isObject);
}
