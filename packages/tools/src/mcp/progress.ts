import { textResult } from "../tool-result.ts";
import type { ToolResult } from "../tool-result.ts";

/** What a server tells of a call that is under way. */
export interface ProgressNote {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
  readonly _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** Turns progress into what the result is so far. Agents of this runtime tell their text in pieces, which are put together. */
export class Progress {
  readonly #onUpdate: (result: ToolResult) => void;
  #text = "";

  constructor(onUpdate: (result: ToolResult) => void) {
    this.#onUpdate = onUpdate;
  }

  tell({ progress, total, message, _meta: meta }: ProgressNote): void {
    const { type } = (meta?.["agentscope"] ?? {}) as { readonly type?: unknown }; // Of a server: it may be anything.
    if (type === "text") this.#onUpdate(textResult((this.#text += message ?? "")));
    else if (type === undefined) this.#onUpdate(textResult(message ?? said(progress, total)));
  }
}

function said(progress: number, total: number | undefined): string {
  return total === undefined ? String(progress) : `${progress}/${total}`;
}
