/**
 * One promise, checked with the global `expect`. `openPeer` gives another instance on the same store, such as a second
 * replica has; it is closed after the check. `crash` makes an instance vanish, as its process would after `kill -9`.
 */
export type Check<T> = (
  instance: T,
  openPeer: () => Promise<T>,
  crash: (instance: T) => Promise<void>,
) => Promise<void>;

/** A promise with conditions of its own. */
export interface ConditionalCheck<T> {
  readonly check: Check<T>;
  /** How long keeping it may take, in milliseconds. Default 30 seconds: enough for a slow database on a busy machine. */
  readonly timeoutMs?: number;
  /** It is about an instance that outlives another. A subject without `peer` has none such, and is not asked. */
  readonly needsPeer?: boolean;
}

/** Promises that an implementation must keep, by name. */
export type Contract<T> = Readonly<Record<string, Check<T> | ConditionalCheck<T>>>;

export interface ContractSubject<T> {
  /** An instance on a namespace of its own: fresh, empty, ready. Disposed after its check if it can be. */
  create(): T | Promise<T>;
  /**
   * Another instance on the same store, with connections of its own. Left out, the instance is its own peer: right for
   * what lives in one process, and a gap in the test of anything else.
   */
  peer?(instance: T): T | Promise<T>;
  /**
   * Makes an instance vanish as `kill -9` would its process: it sends no more heartbeats and says nothing more to its
   * store. It is disposed after the check like any other. Left out, it is disposed at once, which is gentler.
   */
  crash?(instance: T): Promise<void> | void;
  /** Promises that this backend cannot keep, by name, each with the reason that a reader should know. */
  readonly skip?: Readonly<Record<string, string>>;
}

const defaultTimeoutMs = 30_000;

/** Registers one test per promise. Needs the globals of Jest, or of Vitest. */
export function describeContract<T>(name: string, contract: Contract<T>, subject: ContractSubject<T>): void {
  const { skip = {} } = subject;
  for (const promise of Object.keys(skip)) {
    if (!Object.hasOwn(contract, promise)) throw new Error(`${name} skips what nobody promised: ${promise}`);
  }
  describe(name, () => {
    for (const [promise, conditions] of Object.entries(contract)) {
      const {
        check,
        timeoutMs = defaultTimeoutMs,
        needsPeer = false,
      } = typeof conditions === "function" ? { check: conditions } : conditions;
      if (needsPeer && subject.peer === undefined) continue;
      const reason = skip[promise];
      if (reason === undefined) it(promise, () => keep(check, subject), timeoutMs);
      else it.skip(`${promise} (${reason})`, () => undefined);
    }
  });
}

async function keep<T>(check: Check<T>, subject: ContractSubject<T>): Promise<void> {
  const instance = await subject.create();
  const peers: T[] = [];
  const openPeer = async (): Promise<T> => {
    const peer = (await subject.peer?.(instance)) ?? instance;
    if (peer !== instance) peers.push(peer);
    return peer;
  };
  const crash = async (crashing: T): Promise<void> => {
    if (subject.crash === undefined) await dispose(crashing);
    else await subject.crash(crashing);
  };
  try {
    await check(instance, openPeer, crash);
  } finally {
    for (const open of [...peers, instance]) await dispose(open);
  }
}

/** Not every contract has something to close. */
async function dispose(instance: unknown): Promise<void> {
  await (instance as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.();
}
