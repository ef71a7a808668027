import { RuntimeError } from "@agentscope-runtime/protocol";
import type { SandboxBackend } from "./sandbox-backend.ts";

/**
 * Whose code a backend may be given. One that isolates nothing is for one's own: the first user is served, and anybody else refused,
 * unless the app has said by name that it knows.
 */
export class TrustedUsers {
  readonly #backend: SandboxBackend;
  readonly #allowUnisolated: boolean;
  #first: string | undefined;

  constructor(backend: SandboxBackend, allowUnisolated = false) {
    this.#backend = backend;
    this.#allowUnisolated = allowUnisolated;
  }

  /** `permission_denied` for a second user without walls between the two. */
  async admit(userId: string): Promise<void> {
    if (this.#allowUnisolated || this.#first === userId) return;
    const { isolation } = await this.#backend.abilities();
    if (isolation !== "none") return;
    this.#first ??= userId;
    if (this.#first === userId) return;
    throw new RuntimeError(
      "permission_denied",
      `Sandboxes of ${this.#backend.name} isolate nothing, and serve one user only: what one runs can read and change what is ` +
        "another's, and this machine's. Use a backend with isolation, or say allowUnisolated: true if all users are trusted.",
      { details: { isolation } },
    );
  }
}
