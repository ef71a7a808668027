import type { AgentOutput, ToolOrigin } from "../agent-output.ts";

interface OpenCall {
  readonly callId: string;
  readonly name: string;
  readonly origin: ToolOrigin;
  /** The model writes a bare text, which is one JSON string. */
  readonly bareText: boolean;
  text: string;
}

export interface NewCall {
  /** Undefined: some servers give none. */
  readonly callId: string | undefined;
  readonly name: string;
  readonly bareText?: boolean;
  readonly origin?: ToolOrigin;
}

/** The calls that a model is writing, by whatever the stream knows them by. */
export class OpenCalls {
  readonly #clientTools: ReadonlySet<string>;
  readonly #open = new Map<string | number, OpenCall>();

  constructor(clientTools: ReadonlySet<string>) {
    this.#clientTools = clientTools;
  }

  has(key: string | number, callId?: string): boolean {
    const known = this.#open.get(key);
    return known !== undefined && (callId === undefined || callId === "" || known.callId === callId);
  }

  begin(key: string | number, { callId, name, bareText = false, origin }: NewCall): AgentOutput {
    const call: OpenCall = {
      callId: callId === undefined || callId === "" ? `call_${crypto.randomUUID()}` : callId,
      name,
      origin: this.#clientTools.has(name) ? { kind: "function" } : (origin ?? {}),
      bareText,
      text: "",
    };
    this.#open.set(key, call);
    return delta(call, bareText ? '"' : "");
  }

  *grow(key: string | number, text: string): Generator<AgentOutput> {
    const call = this.#open.get(key);
    if (call === undefined || text === "") return;
    call.text += text;
    yield delta(call, call.bareText ? JSON.stringify(text).slice(1, -1) : text);
  }

  /** With the whole of what the model wrote, where the stream says it again. */
  *complete(key: string | number, whole?: string): Generator<AgentOutput> {
    const call = this.#open.get(key);
    if (call === undefined) return;
    this.#open.delete(key);
    const text = whole ?? call.text;
    const { callId, name, origin, bareText } = call;
    const json = bareText ? JSON.stringify(text) : text.trim() === "" ? "{}" : text;
    yield { type: "tool.call", callId, name, arguments: json, ...origin };
  }

  *completeAll(): Generator<AgentOutput> {
    for (const key of this.#open.keys()) yield* this.complete(key);
  }
}

function delta({ callId, name, origin }: OpenCall, text: string): AgentOutput {
  return { type: "tool.call.delta", callId, name, delta: text, ...origin };
}
