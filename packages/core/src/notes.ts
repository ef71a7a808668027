import { RuntimeError } from "@agentscope-runtime/protocol";
import type { StateKey, StateService } from "@agentscope-runtime/services";

/** What a protocol must know of a run or a conversation later, as JSON. */
export interface Notes {
  /** Keeps a note in the place of the one before it. */
  save(key: StateKey, note: unknown): Promise<void>;
  /** Keeps the first note. `conflict` when there is one. */
  add(key: StateKey, note: unknown): Promise<void>;
  /**
   * Puts what becomes of a note in its place, and returns it. Called again with the newer note when another change came
   * between, so that none is lost.
   */
  change<T>(key: StateKey, become: (note: unknown) => T): Promise<T>;
  /** Undefined when there is none. */
  load(key: StateKey): Promise<unknown>;
  delete(key: StateKey): Promise<void>;
}

/** A protocol's notes: in the app's state, or in this process when the app keeps none. */
export function notesIn(state: StateService | undefined): Notes {
  return state === undefined ? new InProcessNotes() : stateNotes(state);
}

/** Notes that live as long as the app's state. */
export function stateNotes(state: StateService): Notes {
  return {
    save: async (key, note) => void (await state.save(key, note)),
    add: async (key, note) => void (await state.save(key, note, { expectedVersion: 0 })),
    change: async (key, become) => {
      for (let tries = 1; ; tries += 1) {
        const saved = await state.load(key);
        const note = become(saved?.state);
        try {
          await state.save(key, note, { expectedVersion: saved?.version ?? 0 });
          return note;
        } catch (thrown) {
          if (!RuntimeError.is(thrown) || thrown.code !== "conflict" || tries === mostTries) throw thrown;
        }
      }
    },
    load: async (key) => (await state.load(key))?.state,
    delete: async (key) => state.delete(key),
  };
}

export interface InProcessNotesOptions {
  /** Characters of all notes together. Default 32 Mi. */
  readonly maxLength?: number;
}

const mostTries = 20;
const defaultMaxLength = 32 * 1024 * 1024;

/** Notes of this process. Beyond the limit the oldest are forgotten, as the runs are that they belong to. */
export class InProcessNotes implements Notes {
  readonly #maxLength: number;
  readonly #texts = new Map<string, string>();
  #length = 0;

  constructor({ maxLength = defaultMaxLength }: InProcessNotesOptions = {}) {
    this.#maxLength = maxLength;
  }

  save(key: StateKey, note: unknown): Promise<void> {
    const name = nameOf(key);
    this.#remove(name);
    this.#put(name, JSON.stringify(note));
    return Promise.resolve();
  }

  async add(key: StateKey, note: unknown): Promise<void> {
    if (this.#texts.has(nameOf(key))) throw new RuntimeError("conflict", "The note is there already.");
    await this.save(key, note);
  }

  async change<T>(key: StateKey, become: (note: unknown) => T): Promise<T> {
    const text = this.#texts.get(nameOf(key));
    const note = become(text === undefined ? undefined : JSON.parse(text));
    await this.save(key, note);
    return note;
  }

  load(key: StateKey): Promise<unknown> {
    const text = this.#texts.get(nameOf(key));
    return Promise.resolve(text === undefined ? undefined : JSON.parse(text));
  }

  delete(key: StateKey): Promise<void> {
    this.#remove(nameOf(key));
    return Promise.resolve();
  }

  #put(name: string, text: string): void {
    this.#texts.set(name, text);
    this.#length += text.length;
    for (const oldest of this.#texts.keys()) {
      if (this.#length <= this.#maxLength || oldest === name) return;
      this.#remove(oldest);
    }
  }

  #remove(name: string): void {
    const text = this.#texts.get(name);
    if (text === undefined) return;
    this.#texts.delete(name);
    this.#length -= text.length;
  }
}

function nameOf({ userId, sessionId, name }: StateKey): string {
  return JSON.stringify([userId, sessionId, name]);
}
