import { RuntimeError } from "@agentscope-runtime/protocol";
import type { StateService } from "@agentscope-runtime/services";
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  compareWritesSortKeys,
  copyCheckpoint,
  getCheckpointId,
  maxChannelVersion,
  TASKS,
  WRITES_IDX_MAP,
  writesSortKey,
} from "@langchain/langgraph-checkpoint";
import type {
  ChannelVersions,
  Checkpoint,
  CheckpointListOptions,
  CheckpointMetadata,
  CheckpointPendingWrite,
  CheckpointTuple,
  PendingWrite,
  SerializerProtocol,
} from "@langchain/langgraph-checkpoint";
import { CheckpointShelf } from "./checkpoint-shelf.ts";
import type { CheckpointKey, Packed, StoredCheckpoint, StoredWrites, ThreadKey } from "./checkpoint-shelf.ts";

export interface StateCheckpointSaverOptions {
  /** Yours: it is not closed. */
  readonly state: StateService;
  /** Whose threads these are. Default: the `configurable.user_id` of each call. */
  readonly userId?: string;
  /** Default: LangGraph's own. */
  readonly serde?: SerializerProtocol;
}

/**
 * LangGraph's checkpoints in a state service, so that a graph's conversations, pauses and unfinished steps outlive the process.
 *
 * The thread is the session, `configurable.thread_id`. Users never see each other's threads, even with equal ids: whose thread
 * it is says `configurable.user_id`, which `toRunnableConfig` gives. Without one a call is `invalid_argument`.
 *
 * A step writes the channels that have changed, whatever the thread's length. The newest checkpoint is the one that was put last.
 * Writers that race lose nothing: each adds entries of its own.
 *
 * @example
 * ```ts
 * const agent = createAgent({ model, tools, checkpointer: new StateCheckpointSaver({ state }) });
 * ```
 */
export class StateCheckpointSaver extends BaseCheckpointSaver {
  readonly #options: StateCheckpointSaverOptions;
  readonly #shelf: CheckpointShelf;

  constructor(options: StateCheckpointSaverOptions) {
    super(options.serde);
    this.#options = options;
    this.#shelf = new CheckpointShelf(options.state);
  }

  /** The same for one user, also where nobody gives a config: `saver.forUser(id).deleteThread(sessionId)`. */
  forUser(userId: string): StateCheckpointSaver {
    return new StateCheckpointSaver({ ...this.#options, userId });
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    if (configurableOf(config)["thread_id"] === undefined) return undefined;
    const place = this.#placeOf(config);
    const id = getCheckpointId(config);
    if (id !== "") return this.#tuple({ ...place, id });
    for await (const newest of this.#shelf.checkpointIds(place)) {
      const tuple = await this.#tuple({ ...place, id: newest });
      // It may have been announced only; then the one before it is the newest.
      if (tuple !== undefined) return tuple;
    }
    return undefined;
  }

  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    let { limit = Infinity } = options;
    for await (const key of this.#keys(config, options)) {
      if (limit <= 0) return;
      const stored = await this.#shelf.load(key);
      if (stored === undefined) continue;
      const metadata = (await this.#unpack(stored.metadata)) as CheckpointMetadata & Record<string, unknown>;
      const isWanted = Object.entries(options.filter ?? {}).every(([name, value]) => metadata[name] === value);
      if (!isWanted) continue;
      limit -= 1;
      yield await this.#toTuple(key, stored);
    }
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const key = { ...this.#placeOf(config), id: checkpoint.id };
    const { channel_values: channels, ...rest } = copyCheckpoint(checkpoint);
    const versioned = Object.keys(channels).filter((channel) => Object.hasOwn(checkpoint.channel_versions, channel));
    const versionOf = (channel: string): string => String(checkpoint.channel_versions[channel]);
    const unversioned = Object.entries(channels).filter(([channel]) => !versioned.includes(channel));
    const changed = versioned.filter((channel) => Object.hasOwn(newVersions, channel));
    const values = changed.map(
      async (channel) => [channel, versionOf(channel), await this.#pack(channels[channel])] as const,
    );
    const stored: StoredCheckpoint = {
      checkpoint: await this.#pack({ ...rest, channel_values: Object.fromEntries(unversioned) }),
      metadata: await this.#pack(metadata),
      parentId: getCheckpointId(config) || undefined,
      values: Object.fromEntries(versioned.map((channel) => [channel, versionOf(channel)])),
    };
    await this.#shelf.save(key, stored, await Promise.all(values));
    return this.#configOf(key);
  }

  override async putWrites(
    config: RunnableConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath = "",
  ): Promise<void> {
    const id = getCheckpointId(config);
    if (id === "") throw missing("checkpoint_id");
    const packed = writes.map(
      async ([channel, value], index) => [WRITES_IDX_MAP[channel] ?? index, channel, await this.#pack(value)] as const,
    );
    const stored: StoredWrites = { taskId, taskPath, writes: await Promise.all(packed) };
    await this.#shelf.addWrites({ ...this.#placeOf(config), id }, stored);
  }

  /** Of the user that this saver is for: see `forUser`. */
  override async deleteThread(threadId: string): Promise<void> {
    const { userId } = this.#options;
    if (userId === undefined) {
      const message = "Nobody says whose thread to delete: use `saver.forUser(userId).deleteThread(threadId)`.";
      throw new RuntimeError("invalid_argument", message);
    }
    await this.#shelf.delete({ userId, threadId });
  }

  /**
   * Makes the checkpoint that a config names the newest one of its thread again, with what waits there. A config without
   * a checkpoint deletes the thread.
   */
  async rewind(config: RunnableConfig): Promise<void> {
    const place = this.#placeOf(config);
    const id = getCheckpointId(config);
    await (id === "" ? this.#shelf.delete(place) : this.#shelf.rewind({ ...place, id }));
  }

  /** Larger than the one before, and never the same in two branches of a thread, whose values lie side by side. */
  override getNextVersion(current: number | undefined): number {
    return Math.floor(current ?? 0) + 1 + Math.random();
  }

  async *#keys(config: RunnableConfig, { before }: CheckpointListOptions): AsyncGenerator<CheckpointKey> {
    const userId = this.#userOf(config);
    const { thread_id: threadId, checkpoint_ns: namespace, checkpoint_id: id } = configurableOf(config);
    const bound = before === undefined ? "" : getCheckpointId(before);
    const threads = threadId === undefined ? await this.#shelf.threads(userId) : [text(threadId, "thread_id")];
    for (const thread of threads) {
      const key: ThreadKey = { userId, threadId: thread };
      for (const own of await this.#shelf.namespaces(key)) {
        if (namespace !== undefined && own !== namespace) continue;
        for await (const checkpointId of this.#shelf.checkpointIds({ ...key, namespace: own })) {
          if (typeof id === "string" && id !== "" && id !== checkpointId) continue;
          if (bound !== "" && checkpointId >= bound) continue;
          yield { ...key, namespace: own, id: checkpointId };
        }
      }
    }
  }

  async #tuple(key: CheckpointKey): Promise<CheckpointTuple | undefined> {
    const stored = await this.#shelf.load(key);
    return stored === undefined ? undefined : this.#toTuple(key, stored);
  }

  async #toTuple(key: CheckpointKey, stored: StoredCheckpoint): Promise<CheckpointTuple> {
    const { parentId } = stored;
    const values = Object.entries(stored.values).map(async ([channel, version]) => {
      const value = await this.#shelf.value(key, channel, version);
      return value === undefined ? [] : [[channel, await this.#unpack(value)] as const];
    });
    const [checkpoint, metadata, channels, pendingWrites] = await Promise.all([
      this.#unpack(stored.checkpoint) as Promise<Checkpoint>, // As `put` packed it.
      this.#unpack(stored.metadata) as Promise<CheckpointMetadata>,
      Promise.all(values),
      this.#pendingWrites(key),
    ]);
    Object.assign(checkpoint.channel_values, Object.fromEntries(channels.flat()));
    const parent = parentId === undefined ? undefined : { ...key, id: parentId };
    if (checkpoint.v < 4 && parent !== undefined) await this.#migratePendingSends(checkpoint, parent);
    return {
      config: this.#configOf(key),
      checkpoint,
      metadata,
      pendingWrites,
      ...(parent !== undefined && { parentConfig: this.#configOf(parent) }),
    };
  }

  /** What a task wrote first counts, but its errors, pauses and answers, which the last one replaces. */
  async #pendingWrites(key: CheckpointKey): Promise<CheckpointPendingWrite[]> {
    const byPlace = new Map<string, { taskId: string; taskPath: string; write: StoredWrites["writes"][number] }>();
    for (const { taskId, taskPath, writes } of await this.#shelf.writes(key)) {
      for (const write of writes) {
        const place = JSON.stringify([taskId, write[0]]);
        if (write[0] < 0 || !byPlace.has(place)) byPlace.set(place, { taskId, taskPath, write });
      }
    }
    const sorted = [...byPlace.values()]
      .map((entry) => ({ ...entry, key: writesSortKey(entry.taskPath, entry.taskId, entry.write[0]) }))
      .toSorted((a, b) => compareWritesSortKeys(a.key, b.key));
    return Promise.all(
      sorted.map(async ({ taskId, write: [, channel, value] }): Promise<CheckpointPendingWrite> => [
        taskId,
        channel,
        await this.#unpack(value),
      ]),
    );
  }

  /** Checkpoints of LangGraph before its fourth format kept what was sent with the parent's writes. */
  async #migratePendingSends(checkpoint: Checkpoint, parent: CheckpointKey): Promise<void> {
    const sends = (await this.#pendingWrites(parent)).filter(([, channel]) => channel === TASKS);
    const versions = Object.values(checkpoint.channel_versions);
    checkpoint.channel_values[TASKS] = sends.map(([, , value]) => value);
    checkpoint.channel_versions[TASKS] =
      versions.length > 0 ? maxChannelVersion(...versions) : this.getNextVersion(undefined);
  }

  async #pack(value: unknown): Promise<Packed> {
    const [type, bytes] = await this.serde.dumpsTyped(value);
    return [type, Buffer.from(bytes).toString(type === "json" ? "utf8" : "base64")];
  }

  async #unpack([type, packed]: Packed): Promise<unknown> {
    return this.serde.loadsTyped(type, type === "json" ? packed : Buffer.from(packed, "base64"));
  }

  #placeOf(config: RunnableConfig): ThreadKey & { readonly namespace: string } {
    const { thread_id: threadId, checkpoint_ns: namespace = "" } = configurableOf(config);
    return {
      userId: this.#userOf(config),
      threadId: text(threadId, "thread_id"),
      namespace: text(namespace, "checkpoint_ns"),
    };
  }

  #userOf(config: RunnableConfig): string {
    return this.#options.userId ?? text(configurableOf(config)["user_id"], "user_id");
  }

  #configOf({ userId, threadId, namespace, id }: CheckpointKey): RunnableConfig {
    const own = this.#options.userId === undefined ? { user_id: userId } : {};
    return { configurable: { ...own, thread_id: threadId, checkpoint_ns: namespace, checkpoint_id: id } };
  }
}

function configurableOf({ configurable }: RunnableConfig): Readonly<Record<string, unknown>> {
  return configurable ?? {};
}

function text(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw missing(name);
}

function missing(name: string): RuntimeError {
  const message = `The graph's config has no configurable.${name}: give it \`toRunnableConfig(context)\`.`;
  return new RuntimeError("invalid_argument", message, { details: { field: `configurable.${name}` } });
}
