import type { Logger } from "./logger.ts";

/** The same log with the run's id on each line. */
export function runLogger(logger: Logger, runId: string): Logger {
  return {
    debug: (fields, message) => logger.debug({ runId, ...fields }, message),
    info: (fields, message) => logger.info({ runId, ...fields }, message),
    warn: (fields, message) => logger.warn({ runId, ...fields }, message),
    error: (fields, message) => logger.error({ runId, ...fields }, message),
  };
}
