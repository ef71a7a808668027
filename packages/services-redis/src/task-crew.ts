import { RuntimeError } from "@agentscope-runtime/protocol";
import { toErrorText, toJsonText } from "@agentscope-runtime/services";
import type { Task, TaskWorker } from "@agentscope-runtime/services";
import type { Job, Worker } from "bullmq";
import type * as BullMq from "bullmq";
import { encodeId } from "./encode-id.ts";
import type { RedisClient } from "./redis-client.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { repeatStrategy } from "./task-engines.ts";
import { fromJob } from "./task-job.ts";
import type { JobData } from "./task-job.ts";
import { TaskKeys } from "./task-keys.ts";
import { beginTask, findTask, settleTask } from "./task-scripts.ts";
import { toTaskRow } from "./task-row.ts";

export interface TaskCrewOptions {
  readonly connection: RedisConnection;
  readonly keys: TaskKeys;
  /** BullMQ's own, which waits for Redis for as long as it takes. */
  readonly client: RedisClient;
  readonly queue: string;
  readonly worker: TaskWorker;
  readonly concurrency: number;
  readonly stalledMs: number;
  readonly keepEndedMs: number;
  /** Called now and then, as long as it works. */
  readonly onPulse: () => Promise<void>;
}

interface Attempt {
  readonly taskId: string;
  readonly number: number;
  readonly stopping: AbortController;
}

/** Does the tasks of one queue for one worker. */
export class TaskCrew implements AsyncDisposable {
  readonly #options: TaskCrewOptions;
  readonly #bullmq: typeof BullMq;
  readonly #worker: Worker<JobData>;
  readonly #underWay = new Map<string, Attempt>();
  readonly #abandon = new AbortController();
  #stopListening: (() => void) | undefined;
  #pulse: NodeJS.Timeout | undefined;

  private constructor(options: TaskCrewOptions, bullmq: typeof BullMq) {
    this.#options = options;
    this.#bullmq = bullmq;
    const { client, keys, queue, concurrency, stalledMs } = options;
    this.#worker = new bullmq.Worker(TaskKeys.queueName(queue), (job) => this.#process(job), {
      connection: client,
      prefix: keys.prefix,
      autorun: false,
      concurrency,
      lockDuration: stalledMs,
      stalledInterval: Math.ceil(stalledMs / 2),
      runRetryDelay: 1000, // How soon it goes on when the connection was lost. While it waits, it cannot be closed.
      maxStalledCount: Number.MAX_SAFE_INTEGER, // Whether it is tried again is not for BullMQ to say.
      settings: { repeatStrategy },
    });
    this.#worker.on("error", () => undefined); // It tries again by itself.
    this.#worker.on("lockRenewalFailed", (jobIds) => {
      for (const jobId of jobIds) this.#stop(jobId, dead());
    });
  }

  /** Takes no tasks yet. */
  static async open(options: TaskCrewOptions): Promise<TaskCrew> {
    return new TaskCrew(options, await import("bullmq"));
  }

  /** Resolves when it takes tasks. */
  async begin(): Promise<void> {
    const { connection, keys, queue } = this.#options;
    this.#stopListening = await connection.subscriber.listen(keys.channel(queue), {
      onMessage: (message) => {
        this.#onCanceled(message);
      },
      onGap: () => {
        void this.#lookAgain();
      },
    });
    await this.#worker.waitUntilReady();
    if (this.#worker.closing !== undefined) {
      this.#stopListening(); // Disposed meanwhile: there was no more time.
      return;
    }
    this.#worker.run().catch(() => undefined); // It has closed, for nothing else ends it.
    const pulse = (): void => {
      this.#options.onPulse().catch(() => undefined); // There is a next time.
    };
    this.#pulse = setInterval(pulse, this.#options.stalledMs).unref();
    pulse();
  }

  /** Waits for the tasks under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#pulse);
    const closing = this.#worker.close();
    this.#worker.getBackend().blockingClient?.then(letEnd, () => undefined);
    try {
      await closing;
    } finally {
      this.#stopListening?.();
    }
  }

  /** Aborts what is under way, and gives it back: somebody else may begin it at once. */
  abandon(reason: RuntimeError): void {
    this.#abandon.abort(reason);
    for (const { stopping } of this.#underWay.values()) stopping.abort(reason);
  }

  async #process(job: Job<JobData>): Promise<void> {
    const { connection, keys, queue, keepEndedMs } = this.#options;
    const { taskId, generation, payload } = fromJob(job.id, job.data);
    const key = { queue, taskId };
    this.#abandon.signal.throwIfAborted();
    const begun = await connection.write(beginTask, {
      keys: [keys.task(key)],
      args: [generation, payload ?? "", keepEndedMs],
    });
    if (begun === null) return; // It was canceled, or done already.
    const [text, number, pause] = begun as readonly [string, number, string]; // Our own script's.
    const outcome = await this.#attempt(job, { taskId, number, text });
    const status = await connection.write(settleTask, {
      keys: [keys.task(key)],
      args: [number, ...outcome, keepEndedMs],
    });
    if (status !== "pending") return;
    await job.moveToDelayed(Date.now() + Number(pause), job.token);
    throw new this.#bullmq.DelayedError();
  }

  /** What came of it, as `settleTask` takes it. Throws when it is to be done by somebody else. */
  async #attempt(
    job: Job<JobData>,
    { taskId, number, text }: { readonly taskId: string; readonly number: number; readonly text: string },
  ): Promise<readonly ["result" | "error", string]> {
    const stopping = new AbortController();
    const id = job.id ?? "";
    this.#underWay.set(id, { taskId, number, stopping });
    const { promise: abandoned, reject } = Promise.withResolvers<never>();
    const onAbandoned = (): void => {
      reject(new this.#bullmq.WaitingError());
    };
    this.#abandon.signal.addEventListener("abort", onAbandoned);
    if (this.#abandon.signal.aborted) onAbandoned();
    try {
      const task = { queue: this.#options.queue, taskId, payload: JSON.parse(text) as unknown, attempt: number };
      return await Promise.race([outcomeOf(this.#options.worker, task, stopping.signal), abandoned]);
    } catch (thrown) {
      await job.moveToWait(job.token);
      throw thrown;
    } finally {
      this.#abandon.signal.removeEventListener("abort", onAbandoned);
      this.#underWay.delete(id);
    }
  }

  #stop(jobId: string, reason: RuntimeError): void {
    this.#underWay.get(jobId)?.stopping.abort(reason);
  }

  /** A message is the number of the attempt and the task's id. */
  #onCanceled(message: string): void {
    for (const [jobId, { taskId, number }] of this.#underWay) {
      if (message === `${number}:${encodeId(taskId)}`) this.#stop(jobId, canceled());
    }
  }

  /** Something may have been canceled while nobody could tell. */
  async #lookAgain(): Promise<void> {
    const { connection, keys, queue } = this.#options;
    for (const [jobId, { taskId, number }] of this.#underWay) {
      const key = { queue, taskId };
      try {
        const row = toTaskRow(key, await connection.read(findTask, { keys: [keys.task(key)] }));
        if (row?.record.status !== "running" || row.record.attempts !== number) this.#stop(jobId, canceled());
      } catch {
        return; // The connection is away again, and will be back.
      }
    }
  }
}

/** BullMQ closes a connection and waits for its end, which ioredis never tells of one that is between two tries to connect. */
function letEnd(client: Pick<RedisClient, "status" | "once" | "connect" | "disconnect">): void {
  if (client.status !== "reconnecting") return;
  client.once("ready", () => {
    client.disconnect();
  });
  client.connect().catch(() => undefined); // Then it has ended.
}

async function outcomeOf(
  worker: TaskWorker,
  task: Task,
  signal: AbortSignal,
): Promise<readonly ["result" | "error", string]> {
  try {
    const result = await worker(task, { signal });
    return ["result", result === undefined ? "null" : toJsonText(result, "result")];
  } catch (thrown) {
    return ["error", JSON.stringify(toErrorText(thrown))];
  }
}

function canceled(): RuntimeError {
  return new RuntimeError("canceled", "The task was canceled.");
}

function dead(): RuntimeError {
  return new RuntimeError("unavailable", "This worker was taken for dead: somebody else does its task.");
}
