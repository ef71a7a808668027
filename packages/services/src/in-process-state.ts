import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
import { Lifetime } from "./lifetime.ts";
import { newestFirst, pageOf } from "./page-of.ts";
import type { Page, PageOptions } from "./page.ts";
import type { LoadOptions, SavedState, SavedVersion, SaveOptions, StateKey, StateService } from "./state-service.ts";
import { toJsonText } from "./to-json-text.ts";

export interface InProcessStateOptions {
  /** Milliseconds since 1970. `Date.now` by default. */
  readonly now?: () => number;
}

interface Version {
  readonly savedAt: number;
  /** JSON: a copy that nobody can change. */
  readonly text: string;
}

/** State in this process's memory: it ends with it. Every version is kept until it is deleted, without a limit. */
export class InProcessState implements StateService {
  readonly #lifetime = new Lifetime("InProcessState");
  readonly #now: () => number;
  /** By the key's JSON text, which no two keys share. Version 1 is at index 0. */
  readonly #versions = new Map<string, Version[]>();

  constructor({ now = Date.now }: InProcessStateOptions = {}) {
    this.#now = now;
  }

  async save(key: StateKey, state: unknown, options?: SaveOptions): Promise<SavedVersion> {
    this.#lifetime.assertOpen(options);
    const text = toJsonText(state, "state");
    const keyText = textOf(key);
    const versions = this.#versions.get(keyText) ?? [];
    const expectedVersion = options?.expectedVersion;
    if (expectedVersion !== undefined && expectedVersion !== versions.length) {
      throw new RuntimeError("conflict", "Another save came between.", {
        details: { expectedVersion, actualVersion: versions.length },
      });
    }
    const savedAt = this.#now();
    versions.push({ savedAt, text });
    this.#versions.set(keyText, versions);
    return { version: versions.length, savedAt };
  }

  async load(key: StateKey, options?: LoadOptions): Promise<SavedState | undefined> {
    this.#lifetime.assertOpen(options);
    const versions = this.#versions.get(textOf(key)) ?? [];
    const version = options?.version ?? versions.length;
    const saved = versions[version - 1];
    return saved && { version, savedAt: saved.savedAt, state: JSON.parse(saved.text) };
  }

  async history(key: StateKey, options?: PageOptions): Promise<Page<SavedVersion>> {
    this.#lifetime.assertOpen(options);
    const versions = this.#versions.get(textOf(key)) ?? [];
    return pageOf(
      {
        scope: ["versions", key.userId, key.sessionId, key.name],
        newest: (before) => newestFirst(versions, before),
        toItem: ({ savedAt }, index) => ({ version: index + 1, savedAt }),
      },
      options,
    );
  }

  async delete(key: StateKey, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    this.#versions.delete(textOf(key));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    this.#versions.clear();
  }
}

function textOf({ userId, sessionId, name }: StateKey): string {
  return JSON.stringify([userId, sessionId, name]);
}
