import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@agentscope-runtime/core";
import type { AgentCard } from "./agent-card.ts";
import type { Registry } from "./registry.ts";

export interface RegistrationOptions {
  readonly registry: Registry;
  readonly cards: () => Promise<readonly AgentCard[]>;
  readonly logger: Logger;
  /** The pause after the first failure, in milliseconds. It doubles with each one, up to a minute. Default 1,000. */
  readonly retryMs?: number;
  /** How long taking the cards away may take, in milliseconds. Default 3,000. */
  readonly leaveMs?: number;
}

const defaultRetryMs = 1_000;
const longestRetryMs = 60_000;
const defaultLeaveMs = 3_000;

/** Keeps cards in a registry from now on, however often it must be tried, until it is left. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #leaving = new AbortController();
  readonly #registered: AgentCard[] = [];
  readonly #registering: Promise<void>;

  /** Begins at once, and waits for nothing. */
  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#registering = this.#register();
  }

  /** Takes the cards away. Never rejects, and takes no longer than it may: what goes wrong is logged. */
  async leave(): Promise<void> {
    const { leaveMs = defaultLeaveMs } = this.#options;
    this.#leaving.abort();
    const done = new AbortController();
    await Promise.race([
      this.#deregister(AbortSignal.timeout(leaveMs)),
      sleep(leaveMs, undefined, { signal: done.signal }).catch(() => undefined),
    ]);
    done.abort();
  }

  async #deregister(signal: AbortSignal): Promise<void> {
    const { registry, logger } = this.#options;
    await this.#registering;
    await Promise.all(
      this.#registered.splice(0).map(async (card) => {
        try {
          await registry.deregister(card, { signal });
          logger.info({ registry: registry.name, agent: card.name }, "The agent has left the registry.");
        } catch (thrown) {
          const fields = { err: thrown, registry: registry.name, agent: card.name };
          logger.warn(fields, "The agent could not leave the registry.");
        }
      }),
    );
  }

  async #register(): Promise<void> {
    const { retryMs = defaultRetryMs } = this.#options;
    const { signal } = this.#leaving;
    for (let pause = retryMs; !(await this.#try()); pause = Math.min(pause * 2, longestRetryMs)) {
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** True when nothing is left to be tried. */
  async #try(): Promise<boolean> {
    const { registry, cards, logger } = this.#options;
    try {
      for (const card of (await cards()).slice(this.#registered.length)) {
        if (this.#isLeft) return true;
        await this.#add(card);
        logger.info({ registry: registry.name, agent: card.name }, "The agent is in the registry.");
      }
      return true;
    } catch (thrown) {
      if (this.#isLeft) return true;
      const fields = { err: thrown, registry: registry.name };
      logger.warn(fields, "The registry has not taken the agent: it is tried again.");
      return false;
    }
  }

  async #add(card: AgentCard): Promise<void> {
    // It is taken away later also when this is aborted in the middle: it may have got there.
    this.#registered.push(card);
    try {
      await this.#options.registry.register(card, { signal: this.#leaving.signal });
    } catch (thrown) {
      if (!this.#isLeft) this.#registered.pop();
      throw thrown;
    }
  }

  get #isLeft(): boolean {
    return this.#leaving.signal.aborted;
  }
}
