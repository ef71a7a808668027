import type { StateKey, StateService } from "@agentscope-runtime/services";
import { StateLog } from "./state-log.ts";

/** A value as the checkpointer's serializer wrote it: its type, and JSON text, or base64 where it is not JSON. */
export type Packed = readonly [type: string, text: string];

/** One checkpoint, without the values of its channels. */
export interface StoredCheckpoint {
  readonly checkpoint: Packed;
  readonly metadata: Packed;
  readonly parentId: string | undefined;
  /** The channels whose values are kept apart, by their versions. */
  readonly values: Readonly<Record<string, string>>;
}

/** What one task of a checkpoint has written. */
export interface StoredWrites {
  readonly taskId: string;
  readonly taskPath: string;
  readonly writes: readonly (readonly [index: number, channel: string, value: Packed])[];
}

/** That there is, or will be, a checkpoint, and which values came with it. */
interface Announcement {
  readonly id: string;
  readonly values: readonly (readonly [channel: string, version: string])[];
}

export interface ThreadKey {
  readonly userId: string;
  readonly threadId: string;
}

export interface CheckpointKey extends ThreadKey {
  readonly namespace: string;
  readonly id: string;
}

/**
 * Where the parts of a user's threads lie in a state service. Everything that grows is a log, so that what a step writes does not
 * grow with the thread, and what is written stands in a log before, so that a thread can be deleted whole.
 *
 * A value is kept under its channel's version: a step writes only what has changed.
 */
export class CheckpointShelf {
  readonly #state: StateService;

  constructor(state: StateService) {
    this.#state = state;
  }

  async load(key: CheckpointKey): Promise<StoredCheckpoint | undefined> {
    const saved = await this.#state.load(checkpointKey(key));
    return saved?.state as StoredCheckpoint | undefined; // Only `save` writes there.
  }

  /** The values before the checkpoint: whoever finds it finds all of it. */
  async save(
    key: CheckpointKey,
    stored: StoredCheckpoint,
    values: readonly (readonly [channel: string, version: string, value: Packed])[],
  ): Promise<void> {
    const isKnown = (await this.load(key)) !== undefined;
    if (!isKnown)
      await this.#announce(key, { id: key.id, values: values.map(([channel, version]) => [channel, version]) });
    await Promise.all(
      values.map(async ([channel, version, value]) => this.#state.save(valueKey(key, channel, version), value)),
    );
    await this.#state.save(checkpointKey(key), stored);
  }

  async value(key: CheckpointKey, channel: string, version: string): Promise<Packed | undefined> {
    const saved = await this.#state.load(valueKey(key, channel, version));
    return saved?.state as Packed | undefined; // Only `save` writes there.
  }

  async addWrites(key: CheckpointKey, writes: StoredWrites): Promise<void> {
    const log = this.#writes(key);
    // A task may be done before its checkpoint is written.
    if ((await log.isEmpty()) && (await this.load(key)) === undefined)
      await this.#announce(key, { id: key.id, values: [] });
    await log.append(writes);
  }

  /** In the order in which they came. */
  async writes(key: CheckpointKey): Promise<StoredWrites[]> {
    return this.#writes(key).oldestFirst();
  }

  /** Newest first, each once. */
  async *checkpointIds(key: ThreadKey & { readonly namespace: string }): AsyncGenerator<string> {
    const seen = new Set<string>();
    for await (const { id } of this.#checkpoints(key).newestFirst()) {
      if (!seen.has(id)) yield id;
      seen.add(id);
    }
  }

  /** Makes a checkpoint the newest one again; those after it stay, for who has their ids. */
  async rewind(key: CheckpointKey): Promise<void> {
    await this.#announce(key, { id: key.id, values: [] });
  }

  async namespaces(key: ThreadKey): Promise<ReadonlySet<string>> {
    return new Set(await this.#namespaces(key).oldestFirst());
  }

  async threads(userId: string): Promise<ReadonlySet<string>> {
    return new Set(await this.#threads(userId).oldestFirst());
  }

  /** Forgets a thread; what is left of it when this is cut short is found by the next try. */
  async delete(thread: ThreadKey): Promise<void> {
    for (const namespace of await this.namespaces(thread)) {
      const place = { ...thread, namespace };
      for await (const { id, values } of this.#checkpoints(place).newestFirst()) {
        const key = { ...place, id };
        const keys = [...values.map(([channel, version]) => valueKey(key, channel, version)), checkpointKey(key)];
        await Promise.all(keys.map(async (one) => this.#state.delete(one)));
        await this.#writes(key).delete();
      }
      await this.#checkpoints(place).delete();
    }
    await this.#namespaces(thread).delete();
  }

  async #announce(key: CheckpointKey, announcement: Announcement): Promise<void> {
    const checkpoints = this.#checkpoints(key);
    if (await checkpoints.isEmpty()) {
      const namespaces = this.#namespaces(key);
      if (await namespaces.isEmpty()) await this.#threads(key.userId).append(key.threadId);
      await namespaces.append(key.namespace);
    }
    await checkpoints.append(announcement);
  }

  #threads(userId: string): StateLog<string> {
    return new StateLog(this.#state, { userId, sessionId: "langgraph", name: "langgraph/threads" });
  }

  #namespaces(key: ThreadKey): StateLog<string> {
    return new StateLog(this.#state, stateKey(key, "namespaces"));
  }

  #checkpoints(key: ThreadKey & { readonly namespace: string }): StateLog<Announcement> {
    return new StateLog(this.#state, stateKey(key, "checkpoints", key.namespace));
  }

  #writes(key: CheckpointKey): StateLog<StoredWrites> {
    return new StateLog(this.#state, stateKey(key, "writes", key.namespace, key.id));
  }
}

function checkpointKey(key: CheckpointKey): StateKey {
  return stateKey(key, "checkpoint", key.namespace, key.id);
}

function valueKey(key: CheckpointKey, channel: string, version: string): StateKey {
  return stateKey(key, "value", key.namespace, channel, version);
}

function stateKey({ userId, threadId }: ThreadKey, ...path: readonly string[]): StateKey {
  return { userId, sessionId: threadId, name: ["langgraph", ...path.map(encodeURIComponent)].join("/") };
}
