import type { Server, ServerResponse } from "node:http";

/** The answers that a server has begun and not sent to the end. */
export class OpenAnswers {
  readonly #open = new Set<ServerResponse>();
  #onNone: (() => void) | undefined;

  constructor(server: Server) {
    server.on("request", (_request, response: ServerResponse) => {
      this.#open.add(response);
      response.once("close", () => {
        this.#open.delete(response);
        if (this.#open.size === 0) this.#onNone?.();
      });
    });
  }

  /** Resolves when there is none. */
  async allSent(): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onNone = resolve;
    });
  }
}
