/**
 * Gives each call of a conversation an id of its own. A client adds what it is told about a call to the call of that id,
 * so an agent that takes one twice, in a run or in a later one, would garble both.
 */
export class CallIds {
  readonly #taken: Set<string>;
  readonly #counts = new Map<string, number>();
  readonly #latest = new Map<string, string>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** The id of a call that begins: the agent's own when it is free. */
  take(callId: string): string {
    let count = this.#counts.get(callId) ?? 1;
    let id = callId;
    while (this.#taken.has(id)) id = `${callId}:${++count}`;
    this.#counts.set(callId, count);
    this.#taken.add(id);
    this.#latest.set(callId, id);
    return id;
  }

  /** The id of the last call that began under the agent's id; of a call that began elsewhere, the agent's. */
  latest(callId: string): string {
    return this.#latest.get(callId) ?? callId;
  }
}

/** The agent's id of a call, where the calls that wait for an answer are known. */
export function agentCallId(toolCallId: string, waiting: ReadonlySet<string>): string {
  const own = toolCallId.replace(/:\d+$/, "");
  return !waiting.has(toolCallId) && waiting.has(own) ? own : toolCallId;
}
