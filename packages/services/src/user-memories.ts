import { MemoryShelf } from "./memory-shelf.ts";
import type { StoredMemory } from "./memory-shelf.ts";

/** One user's memories: all of them, and those of each session again, so that a search looks only at its own scope. */
export class UserMemories {
  readonly #all = new MemoryShelf();
  readonly #sessions = new Map<string, MemoryShelf>();
  readonly #expiring = new Set<StoredMemory>();
  #nextExpiry = Infinity;

  get isEmpty(): boolean {
    return this.#all.isEmpty;
  }

  /** The memories of a session, or all of them. */
  shelf(sessionId: string | undefined): MemoryShelf | undefined {
    return sessionId === undefined ? this.#all : this.#sessions.get(sessionId);
  }

  put(memory: StoredMemory): void {
    const { sessionId, expiresAt } = memory;
    this.#all.put(memory);
    if (sessionId !== undefined) {
      const session = this.#sessions.get(sessionId) ?? new MemoryShelf();
      this.#sessions.set(sessionId, session);
      session.put(memory);
    }
    if (expiresAt !== undefined) {
      this.#expiring.add(memory);
      this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt);
    }
  }

  remove(memory: StoredMemory): void {
    const { sessionId } = memory;
    this.#all.remove(memory);
    this.#expiring.delete(memory);
    if (sessionId === undefined) return;
    const session = this.#sessions.get(sessionId);
    session?.remove(memory);
    if (session?.isEmpty === true) this.#sessions.delete(sessionId);
  }

  /** Removes what has expired. It looks at nothing before the first of them has. */
  expire(now: number): void {
    if (this.#nextExpiry > now) return;
    this.#nextExpiry = Infinity;
    for (const memory of this.#expiring) {
      const { expiresAt = Infinity } = memory;
      if (expiresAt <= now) this.remove(memory);
      else this.#nextExpiry = Math.min(this.#nextExpiry, expiresAt);
    }
  }
}
