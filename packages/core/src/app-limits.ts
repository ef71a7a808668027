/** What one app lets itself be asked for. */
export interface AppLimits {
  /** Of a request's body. Default 10 MiB. */
  readonly maxBodyBytes: number;
  /** Runs under way at once in this process; one more is answered with 429. Default 10,000. */
  readonly maxConcurrentRuns: number;
  /** Runs that may wait in one session; one more is answered with 429. Default 100. */
  readonly maxQueuedRuns: number;
  /** Characters of event text of one run; one that says more ends `incomplete`. Default 64 Mi. */
  readonly maxRunLength: number;
  /** Background tasks of each path under way at once in this process; more of them wait. Default 100. */
  readonly maxConcurrentTasks: number;
  /** WebSockets open at once in this process; one more is refused with 429. Default 10,000. */
  readonly maxSockets: number;
}

export const defaultLimits: AppLimits = {
  maxBodyBytes: 10 * 1024 * 1024,
  maxConcurrentRuns: 10_000,
  maxQueuedRuns: 100,
  maxRunLength: 64 * 1024 * 1024,
  maxConcurrentTasks: 100,
  maxSockets: 10_000,
};
