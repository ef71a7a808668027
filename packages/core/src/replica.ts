import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Lease, RunRecord, Subscription } from "@agentscope-runtime/services";
import type { Logger } from "./logger.ts";
import type { ReplicaMessage } from "./replica-message.ts";
import type { RunServices } from "./run-services.ts";

export interface ReplicaOptions extends RunServices {
  readonly logger: Logger;
  /** How often it says that it is alive, in milliseconds. After three times as long in silence it is taken for dead. */
  readonly heartbeatMs: number;
  readonly onMessage: (message: ReplicaMessage) => void;
  /** Is given each unfinished run whose replica is dead, and each that was handed over. */
  readonly onOrphan: (run: RunRecord) => Promise<void>;
  /** Another replica has taken this one for dead, and its runs with it. */
  readonly onLost: () => void;
}

/** Where all replicas listen. */
const everybody = "replicas";

/** How long a start waits before it goes on in the background. */
const longestStartMs = 500;
const lookAgainMs = 50;

function leaseOf(name: string): string {
  return `replica/${name}`;
}

/**
 * This process among those that share a run log. It holds a lease for as long as it lives; whoever gets the lease of
 * another knows that the other is dead, and is alone in taking care of its runs.
 */
export class Replica implements AsyncDisposable {
  readonly name = crypto.randomUUID();
  readonly #options: ReplicaOptions;
  readonly #closing = new AbortController();
  #lease: Lease | undefined;
  #problem: string | undefined = "It is not started.";
  readonly #listening = new Map<string, Subscription>();
  #beating: Promise<void> | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  /** Why it cannot take runs, or undefined. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Becomes known to the others. When the services cannot be reached it goes on trying, and when they take long it goes on
   * waiting: see `problem`.
   */
  async start(): Promise<void> {
    if (this.#beating !== undefined) return;
    this.#problem = "Its services are still starting.";
    const first = this.#beat();
    this.#beating = first.then(async () => this.#goOn());
    await Promise.race([first, sleep(longestStartMs, undefined, { ref: false })]);
  }

  /** Resolves when runs can begin, or when the time is over. */
  async ready(waitMs: number): Promise<void> {
    const deadline = performance.now() + waitMs;
    while (this.#problem !== undefined && !this.#closing.signal.aborted && performance.now() < deadline) {
      await sleep(lookAgainMs, undefined, { ref: false });
    }
  }

  /** Tells one replica, or all of them, something. It may miss it. */
  async send(to: string | undefined, message: ReplicaMessage): Promise<void> {
    await this.#options.topic.publish(to === undefined ? everybody : leaseOf(to), JSON.stringify(message));
  }

  /** Looks for orphans now. */
  async sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = undefined;
    });
    await this.#sweeping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#problem = "It has shut down.";
    await this.#beating;
    await this.#sweeping;
    for (const subscription of this.#listening.values()) await subscription[Symbol.asyncDispose]();
    if (this.#lease === undefined) return;
    try {
      await this.#options.leases.release(this.#lease);
    } catch (thrown) {
      this.#options.logger.warn({ err: thrown }, "The replica's lease was not given back; it will expire.");
    }
  }

  async #goOn(): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      try {
        // Unreferenced: being alive is no reason to stay alive.
        await sleep(this.#options.heartbeatMs, undefined, { signal, ref: false });
      } catch {
        return;
      }
      await this.#beat();
      void this.sweep();
    }
  }

  async #beat(): Promise<void> {
    const { logger } = this.#options;
    try {
      await this.#holdLease();
      for (const name of [everybody, leaseOf(this.name)]) await this.#listen(name);
      if (this.#problem !== undefined && this.#lease !== undefined) this.#problem = undefined;
    } catch (thrown) {
      const problem = RuntimeError.is(thrown) ? thrown.message : "The services of runs cannot be reached.";
      if (this.#problem !== problem) logger.error({ err: thrown }, "Runs cannot begin until their services are back.");
      this.#problem = problem;
    }
  }

  async #holdLease(): Promise<void> {
    const { leases, heartbeatMs, logger, onLost } = this.#options;
    const ttlMs = heartbeatMs * 3;
    const held = this.#lease;
    const renewed = held && (await leases.renew(held, ttlMs));
    // What has expired and nobody took can be had again, and nothing is lost.
    this.#lease = renewed ?? (await leases.acquire(leaseOf(this.name), ttlMs));
    if (this.#lease !== undefined) return;
    this.#problem = "Another replica has taken this one for dead.";
    if (held === undefined) return;
    logger.error({ replica: this.name }, "Another replica has taken this one for dead: its runs are stopped.");
    onLost();
  }

  async #listen(name: string): Promise<void> {
    if (this.#listening.has(name)) return;
    const subscription = await this.#options.topic.subscribe(name);
    this.#listening.set(name, subscription);
    void this.#hear(name, subscription);
  }

  async #hear(name: string, subscription: Subscription): Promise<void> {
    try {
      // What comes over the topic was written by `send`.
      for await (const message of subscription) this.#options.onMessage(JSON.parse(message) as ReplicaMessage);
    } catch (thrown) {
      if (!this.#closing.signal.aborted) this.#options.logger.warn({ err: thrown }, "A subscription was lost.");
    }
    this.#listening.delete(name); // The next heartbeat listens again.
  }

  async #sweep(): Promise<void> {
    const { runLog, logger, onOrphan } = this.#options;
    if (this.#problem !== undefined) return;
    try {
      for (const holder of await runLog.holders()) {
        if (holder !== this.name) await this.#bury(holder);
      }
      await this.#eachHeld(undefined, onOrphan);
    } catch (thrown) {
      if (!this.#closing.signal.aborted) logger.warn({ err: thrown }, "Orphaned runs could not be looked for.");
    }
  }

  /** Takes care of a replica's runs if it is dead. */
  async #bury(holder: string): Promise<void> {
    const { leases, heartbeatMs, logger, onOrphan } = this.#options;
    const lease = await leases.acquire(leaseOf(holder), heartbeatMs * 3);
    if (lease === undefined) return;
    try {
      logger.warn({ replica: holder }, "A replica is gone; its runs are taken care of.");
      await this.#eachHeld(holder, onOrphan);
    } finally {
      await leases.release(lease);
    }
  }

  async #eachHeld(holder: string | undefined, take: (run: RunRecord) => Promise<void>): Promise<void> {
    let cursor: string | undefined;
    do {
      if (this.#closing.signal.aborted) return;
      const page = await this.#options.runLog.held(holder, { cursor });
      for (const run of page.items) await take(run);
      ({ cursor } = page);
    } while (cursor !== undefined);
  }
}
