/**
 * One promise, checked with the global `expect`. `openPeer` gives another instance on the same store, such as a second
 * replica has; it is closed after the check.
 */
export type Check<T> = (instance: T, openPeer: () => Promise<T>) => Promise<void>;

/** Promises that an implementation must keep, by name. */
export type Contract<T> = Readonly<Record<string, Check<T>>>;

export interface ContractSubject<T> {
  /** An instance on a namespace of its own: fresh, empty, ready. Disposed after its check if it can be. */
  create(): T | Promise<T>;
  /**
   * Another instance on the same store, with connections of its own. Left out, the instance is its own peer: right for
   * what lives in one process, and a gap in the test of anything else.
   */
  peer?(instance: T): T | Promise<T>;
  /** Promises that this backend cannot keep, by name, each with the reason that a reader should know. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** Long enough for a slow database on a busy machine. */
const timeoutMs = 30_000;

/** Registers one test per promise. Needs the globals of Jest, or of Vitest. */
export function describeContract<T>(name: string, contract: Contract<T>, subject: ContractSubject<T>): void {
  const { skip = {} } = subject;
  for (const promise of Object.keys(skip)) {
    if (!Object.hasOwn(contract, promise)) throw new Error(`${name} skips what nobody promised: ${promise}`);
  }
  describe(name, () => {
    for (const [promise, check] of Object.entries(contract)) {
      const reason = skip[promise];
      if (reason === undefined) it(promise, () => keep(check, subject), timeoutMs);
      else it.skip(`${promise} (${reason})`, () => undefined);
    }
  });
}

async function keep<T>(check: Check<T>, subject: ContractSubject<T>): Promise<void> {
  const instance = await subject.create();
  const peers: T[] = [];
  try {
    await check(instance, async () => {
      const peer = (await subject.peer?.(instance)) ?? instance;
      if (peer !== instance) peers.push(peer);
      return peer;
    });
  } finally {
    // Not every contract has something to close.
    for (const open of [...peers, instance]) await (open as Partial<AsyncDisposable>)[Symbol.asyncDispose]?.();
  }
}
