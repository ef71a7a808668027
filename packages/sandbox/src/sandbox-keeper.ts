import { disposeAll } from "@agentscope-runtime/core";
import type { Logger } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions, Leases, SessionKey, Topic } from "@agentscope-runtime/services";
import { ManagedSandbox } from "./managed-sandbox.ts";
import type { SandboxTimes } from "./managed-sandbox.ts";
import { isGone, openPresence } from "./presence.ts";
import type { SandboxAbilities, SandboxBackend } from "./sandbox-backend.ts";
import type { SandboxEnd } from "./sandbox-end.ts";
import type { SandboxEvent, SandboxHappening } from "./sandbox-event.ts";
import { SandboxNews } from "./sandbox-news.ts";
import type { SandboxNewsItem } from "./sandbox-news.ts";
import type { OwnedSandbox } from "./sandbox.ts";

export interface SandboxKeeperOptions {
  /** The manager's own id; its sandboxes carry it as label `manager`. */
  readonly managerId: string;
  readonly backend: SandboxBackend;
  readonly times: SandboxTimes;
  readonly leases: Leases;
  readonly topic: Topic;
  readonly sweepMs: number;
  readonly logger: Logger;
  readonly onEvent: (event: SandboxEvent) => void;
  /** A session's sandbox has ended. */
  readonly onEnded: (sandboxId: string, session: SessionKey) => void;
  /** Another manager was asked to release a session. */
  readonly onReleased: (session: SessionKey) => void;
}

interface Kept {
  readonly managed: ManagedSandbox;
  /** Whose it is; undefined for one that a manager that is gone has left, until its session asks for it. */
  session: SessionKey | undefined;
}

/** The sandboxes that this manager takes care of. */
export class SandboxKeeper implements AsyncDisposable {
  readonly #options: SandboxKeeperOptions;
  readonly #kept = new Map<string, Kept>();
  /** What is closed with it. */
  readonly #open: AsyncDisposable[] = [];
  #news: SandboxNews | undefined;
  #abilities: SandboxAbilities | undefined;

  private constructor(options: SandboxKeeperOptions) {
    this.#options = options;
  }

  static async open(options: SandboxKeeperOptions): Promise<SandboxKeeper> {
    const keeper = new SandboxKeeper(options);
    try {
      await keeper.#start();
      return keeper;
    } catch (thrown) {
      await keeper[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Takes care of a sandbox from now on. */
  keep(sandbox: OwnedSandbox, session: SessionKey | undefined, expiresAt: number | undefined): ManagedSandbox {
    const { id } = sandbox;
    const { times, onEnded } = this.#options;
    const managed = new ManagedSandbox({
      sandbox,
      times,
      expiresAt,
      canPause: this.#can("pause"),
      watcher: {
        used: () => {
          this.#tell("used", id);
        },
        paused: () => {
          this.#tell("paused", id);
          this.#report(id, { type: "paused" });
        },
        resumed: () => {
          this.#tell("resumed", id);
          this.#report(id, { type: "resumed" });
        },
        willExpire: (inMs) => {
          this.#report(id, { type: "willExpire", inMs });
        },
        ended: (end: SandboxEnd) => {
          this.#report(id, { type: "ended", ...end });
          const owner = this.#kept.get(id)?.session;
          this.#kept.delete(id);
          if (owner !== undefined) onEnded(id, owner);
        },
      },
    });
    this.#kept.set(id, { managed, session });
    return managed;
  }

  /** The sandbox of this id, for its session, also one that another manager has made. Undefined when it has ended. */
  async reach(id: string, session: SessionKey): Promise<ManagedSandbox | undefined> {
    const kept = this.#kept.get(id);
    if (kept !== undefined) {
      kept.session = session;
      return kept.managed;
    }
    const sandbox = await this.#attach(id);
    return sandbox && this.keep(sandbox, session, undefined);
  }

  get(id: string): ManagedSandbox | undefined {
    return this.#kept.get(id)?.managed;
  }

  async tellReleased({ userId, sessionId }: SessionKey): Promise<void> {
    await this.#news?.tell({ kind: "released", from: this.#options.managerId, userId, sessionId });
  }

  /** Takes over what managers that are gone have left: it is paused and ended as if nobody had used it until now. */
  async sweep(options?: CallOptions): Promise<void> {
    if (!this.#can("attach")) return;
    const { backend, leases, managerId } = this.#options;
    for (const { id, labels } of await backend.list(options)) {
      const { manager } = labels;
      if (manager === undefined || manager === managerId || this.#kept.has(id)) continue;
      if (!(await isGone(leases, manager))) continue;
      const sandbox = await this.#attach(id);
      if (sandbox !== undefined && !this.#kept.has(id)) this.keep(sandbox, undefined, undefined);
    }
  }

  /** Ends all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await disposeAll([...this.#open, ...[...this.#kept.values()].map(({ managed }) => managed)]);
  }

  async #start(): Promise<void> {
    const { backend, topic, leases, managerId, sweepMs, logger } = this.#options;
    this.#abilities = await backend.abilities();
    this.#news = await SandboxNews.open(topic, managerId, (news) => {
      this.#hear(news);
    });
    this.#open.push(this.#news, await openPresence(leases, managerId));
    const sweeping = setInterval(() => {
      void this.sweep().catch((thrown: unknown) => {
        logger.warn({ err: thrown }, "Sandboxes that were left cannot be looked for; tried again.");
      });
    }, sweepMs).unref();
    this.#open.push({
      [Symbol.asyncDispose]: async () => {
        clearInterval(sweeping);
      },
    });
  }

  #can(ability: string): boolean {
    return this.#abilities?.missing.includes(ability) === false;
  }

  async #attach(id: string): Promise<OwnedSandbox | undefined> {
    if (!this.#can("attach")) return undefined;
    try {
      return await this.#options.backend.attach(id);
    } catch (thrown) {
      if (RuntimeError.is(thrown) && thrown.code === "not_found") return undefined;
      throw thrown;
    }
  }

  #hear(news: SandboxNewsItem): void {
    if (news.kind === "released") {
      this.#options.onReleased(news);
      return;
    }
    const managed = this.get(news.sandboxId);
    if (news.kind === "used") managed?.touch();
    else
      void managed?.noticePaused(news.kind === "paused").catch((thrown: unknown) => {
        this.#options.logger.warn({ sandboxId: news.sandboxId, err: thrown }, "A sandbox in use cannot be woken.");
      });
  }

  #tell(kind: "used" | "paused" | "resumed", sandboxId: string): void {
    const { managerId, logger } = this.#options;
    void this.#news?.tell({ kind, from: managerId, sandboxId }).catch((thrown: unknown) => {
      logger.warn({ sandboxId, err: thrown }, "The other managers cannot be told.");
    });
  }

  #report(sandboxId: string, what: SandboxHappening): void {
    const kept = this.#kept.get(sandboxId);
    if (kept?.session === undefined) return;
    const { userId, sessionId } = kept.session;
    this.#options.onEvent({ ...what, sandboxId, sandboxType: kept.managed.type, userId, sessionId });
  }
}
