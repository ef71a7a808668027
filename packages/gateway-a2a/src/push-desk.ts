import { setTimeout as sleep } from "node:timers/promises";
import type { Logger, Notes, RunDoor } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunKey, StateKey } from "@agentscope-runtime/services";
import { a2aError } from "./a2a-error.ts";
import { followRun } from "./follow-run.ts";
import type { TurnKey } from "./follow-task.ts";
import type { Guard } from "./guarded-request.ts";
import { toLegacyTask } from "./to-legacy.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { toPushConfig } from "./push-config.ts";
import type { KeptPushConfig, PushConfig } from "./push-config.ts";
import type { PushConfigInput } from "./request-schemas.ts";
import type { TaskShelf } from "./task-shelf.ts";
import type { A2aArtifact, A2aTask, StreamEvent } from "./task.ts";
import type { TaskFacts } from "./to-task.ts";

export interface PushDeskOptions {
  readonly runs: RunDoor;
  readonly shelf: TaskShelf;
  readonly notes: Notes;
  readonly guard: Guard;
  readonly logger: Logger;
  /** Asks a URL to repeat a secret before it is told anything. */
  readonly challenge: boolean;
  /** What proves who sends a notification, where the client has named no credentials. */
  readonly sign: ((url: string, taskId: string) => Promise<string>) | undefined;
}

export interface Watched {
  readonly agent: string;
  readonly key: RunKey;
  readonly facts: TaskFacts;
}

const mostConfigs = 10;
/** The pauses before each further try. */
const retryMs = [1_000, 4_000];
/** How long the last notifications may take when the app closes. */
const lastMs = 5_000;

/** Push notifications: where clients want to be told, and telling them. */
export class PushDesk implements AsyncDisposable {
  readonly #options: PushDeskOptions;
  /** Nothing is tried again from here on. */
  readonly #ending = new AbortController();
  /** Nothing is told any more from here on. */
  readonly #closing = new AbortController();
  readonly #watching = new Map<string, Promise<void>>();

  constructor(options: PushDeskOptions) {
    this.#options = options;
  }

  /** Throws when nothing may be sent to that URL. */
  assertAllowed({ url }: Pick<PushConfigInput, "url">): void {
    this.#options.guard.assertAllowed(url);
  }

  /** Keeps a config, in the place of one with the same id. */
  async create(key: TurnKey, input: PushConfigInput, version: ProtocolVersion): Promise<PushConfig> {
    this.assertAllowed(input);
    const config = { ...toPushConfig(key.taskId, input), version };
    if (this.#options.challenge) await this.#challenge(config);
    await this.#options.notes.change(noteKey(key), (note) => {
      const others = (note as readonly KeptPushConfig[] | undefined)?.filter(({ id }) => id !== config.id) ?? [];
      if (others.length < mostConfigs) return [...others, config];
      throw a2aError("INVALID_PARAMS", `A task has at most ${mostConfigs} push configs: delete one.`);
    });
    return toShown(config);
  }

  async list(key: TurnKey): Promise<readonly PushConfig[]> {
    return (await this.#load(key)).map(toShown);
  }

  async get(key: TurnKey, id: string): Promise<PushConfig> {
    const found = (await this.#load(key)).find((config) => config.id === id);
    if (found !== undefined) return toShown(found);
    throw a2aError("TASK_NOT_FOUND", `Task ${key.taskId} has no push config ${id.slice(0, 128)}.`);
  }

  /** Deleting what is not there is not an error. */
  async delete(key: TurnKey, id: string): Promise<void> {
    const configs = await this.#load(key);
    if (!configs.some((config) => config.id === id)) return;
    await this.#options.notes.change(noteKey(key), (note) =>
      ((note ?? []) as readonly KeptPushConfig[]).filter((config) => config.id !== id),
    );
  }

  /** Tells everything that a run brings to a task, to all who want to know. Resolves when it has begun to. */
  async watch(watched: Watched): Promise<void> {
    const { ownerId, runId } = watched.key;
    const name = JSON.stringify([ownerId, runId]);
    if (this.#watching.has(name) || this.#ending.signal.aborted) return;
    if ((await this.#load({ ownerId, taskId: watched.facts.taskId })).length === 0) return;
    const watching = this.#follow(watched)
      .catch((thrown: unknown) => {
        if (this.#closing.signal.aborted) return;
        this.#options.logger.warn({ err: thrown, runId }, "A run's push notifications have ended early.");
      })
      .finally(() => {
        this.#watching.delete(name);
      });
    this.#watching.set(name, watching);
  }

  /** Tells the state of a task that no run has brought about. */
  tell(agent: string, key: TurnKey, { id, contextId, status }: A2aTask): void {
    const name = crypto.randomUUID();
    const telling = this.#send(agent, key, { statusUpdate: { taskId: id, contextId, status } })
      .catch((thrown: unknown) => {
        this.#options.logger.warn({ err: thrown, taskId: id }, "A task's push notifications were not sent.");
      })
      .finally(() => {
        this.#watching.delete(name);
      });
    this.#watching.set(name, telling);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    const done = new AbortController();
    const rest = Promise.all(this.#watching.values()).then(() => undefined);
    await Promise.race([rest, sleep(lastMs, undefined, { signal: done.signal }).catch(() => undefined)]);
    done.abort();
    this.#closing.abort();
    await rest;
  }

  async #follow({ agent, key, facts }: Watched): Promise<void> {
    const { runs } = this.#options;
    const turn = { ownerId: key.ownerId, taskId: facts.taskId };
    const growing = new Map<string, A2aArtifact>();
    for await (const batch of followRun({ runs, key, facts, showWork: false, signal: this.#closing.signal })) {
      for (const event of batch) {
        const told = wholeOf(event, growing);
        if (told !== undefined) await this.#send(agent, turn, told);
      }
    }
  }

  async #send(agent: string, key: TurnKey, event: StreamEvent): Promise<void> {
    const configs = await this.#load(key);
    await Promise.all(
      configs.map(async (config) => {
        const body = config.version === "1.0" ? event : await this.#legacyBody(agent, key, event);
        if (body !== undefined) await this.#post(config, JSON.stringify(body));
      }),
    );
  }

  /** A client of 0.3 is told the whole task each time its state changes. */
  async #legacyBody(agent: string, { ownerId, taskId }: TurnKey, event: StreamEvent): Promise<unknown> {
    if (!("statusUpdate" in event)) return undefined;
    const { shelf } = this.#options;
    const task = await shelf.task(await shelf.find(taskId, { agent, ownerId }));
    return toLegacyTask({ ...task, status: event.statusUpdate.status });
  }

  async #post(config: KeptPushConfig, body: string): Promise<void> {
    const { guard, logger, sign } = this.#options;
    const { url, taskId, token, authentication } = config;
    const proof = await sign?.(url, taskId);
    const authorization =
      authentication?.credentials === undefined
        ? proof && `Bearer ${proof}`
        : `${authentication.scheme} ${authentication.credentials}`;
    const headers = {
      "content-type": config.version === "1.0" ? "application/a2a+json" : "application/json",
      "a2a-version": config.version,
      ...(token === undefined ? {} : { "x-a2a-notification-token": token }),
      ...(authorization === undefined ? {} : { authorization }),
    };
    const { signal } = this.#closing;
    for (const pause of [...retryMs, undefined]) {
      const failure = await this.#try(async () => guard.send(url, { method: "POST", headers, body, signal }));
      if (failure === undefined) return;
      if (pause === undefined || !failure.mayPass || !(await this.#mayTryAgain(pause))) {
        logger.warn({ err: failure.error, taskId, configId: config.id }, "A push notification was not delivered.");
        return;
      }
    }
  }

  async #mayTryAgain(pauseMs: number): Promise<boolean> {
    return sleep(pauseMs, true, { signal: this.#ending.signal }).catch(() => false);
  }

  async #try(
    send: () => Promise<{ readonly status: number }>,
  ): Promise<{ readonly error: unknown; readonly mayPass: boolean } | undefined> {
    try {
      const { status } = await send();
      if (status >= 200 && status < 300) return undefined;
      const error = new RuntimeError("unavailable", `The answer was ${status}.`);
      return { error, mayPass: status >= 500 || status === 429 || status === 408 };
    } catch (error) {
      return { error, mayPass: RuntimeError.is(error) && error.code === "unavailable" };
    }
  }

  async #challenge({ url }: PushConfig): Promise<void> {
    const secret = crypto.randomUUID();
    const asked = new URL(url);
    asked.searchParams.set("validationToken", secret);
    const answered = await this.#options.guard.send(asked.href, { method: "GET", headers: { accept: "text/plain" } });
    if (answered.status === 200 && answered.text.trim() === secret) return;
    throw a2aError("INVALID_PARAMS", "url: it must answer GET with the text of its parameter validationToken.");
  }

  async #load(key: TurnKey): Promise<readonly KeptPushConfig[]> {
    return ((await this.#options.notes.load(noteKey(key))) ?? []) as readonly KeptPushConfig[]; // Only `create` adds some.
  }
}

/** Pieces of artifacts are put together: a notification is no stream. */
function wholeOf(event: StreamEvent, growing: Map<string, A2aArtifact>): StreamEvent | undefined {
  if (!("artifactUpdate" in event)) return event;
  const { artifact, lastChunk, append: _append, ...update } = event.artifactUpdate;
  const before = growing.get(artifact.artifactId)?.parts ?? [];
  const last = before.at(-1);
  const [piece] = artifact.parts;
  const joins = last?.text !== undefined && piece?.text !== undefined && last.metadata === undefined;
  const parts = joins ? [...before.slice(0, -1), { text: last.text + piece.text }] : [...before, ...artifact.parts];
  if (lastChunk !== true) {
    growing.set(artifact.artifactId, { ...artifact, parts });
    return undefined;
  }
  growing.delete(artifact.artifactId);
  return { artifactUpdate: { ...update, artifact: { ...artifact, parts }, lastChunk } };
}

function toShown({ version: _version, ...config }: KeptPushConfig): PushConfig {
  return config;
}

function noteKey({ ownerId, taskId }: TurnKey): StateKey {
  return { userId: ownerId, sessionId: taskId, name: "a2a.push" };
}
