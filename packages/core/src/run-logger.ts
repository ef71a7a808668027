import type { Logger } from "./logger.ts";

/** The same log with the run's id on each line. */
export class RunLogger implements Logger {
  readonly #logger: Logger;
  readonly #runId: string;

  constructor(logger: Logger, runId: string) {
    this.#logger = logger;
    this.#runId = runId;
  }

  debug(fields: object, message: string): void {
    this.#logger.debug({ runId: this.#runId, ...fields }, message);
  }

  info(fields: object, message: string): void {
    this.#logger.info({ runId: this.#runId, ...fields }, message);
  }

  warn(fields: object, message: string): void {
    this.#logger.warn({ runId: this.#runId, ...fields }, message);
  }

  error(fields: object, message: string): void {
    this.#logger.error({ runId: this.#runId, ...fields }, message);
  }
}
