import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions, Leases, StateService } from "@agentscope-runtime/services";
import { z } from "zod";
import { withLease } from "./with-lease.ts";

const entriesSchema = z.array(
  z.object({
    sessionId: z.string(),
    type: z.string(),
    /** Null while it is being made. */
    sandboxId: z.string().nullable(),
    /** Milliseconds since 1970: when the entry was made. */
    enteredAt: z.number(),
  }),
);

/** One sandbox of one of a user's sessions. */
export type RegisterEntry = Readonly<z.infer<typeof entriesSchema>[number]>;

export interface SandboxRegisterOptions {
  readonly state: StateService;
  readonly leases: Leases;
  /** How many a user may have. */
  readonly perUser: number;
  /** The ids of the sandboxes that there are: what has ended while nobody looked does not count. */
  readonly listIds: () => Promise<ReadonlySet<string>>;
}

/** Longer than making a sandbox takes: who was at it is gone. */
const longestMakingMs = 5 * 60_000;

/** Which session has which sandboxes, for all managers that share the services. One record per user. */
export class SandboxRegister {
  readonly #options: SandboxRegisterOptions;

  constructor(options: SandboxRegisterOptions) {
    this.#options = options;
  }

  async read(userId: string, options?: CallOptions): Promise<readonly RegisterEntry[]> {
    const saved = await this.#options.state.load(keyOf(userId), options);
    return saved === undefined ? [] : entriesSchema.parse(saved.state);
  }

  /** Enters a sandbox in the place of the session's other one of its type. `resource_exhausted` when the user has too many. */
  async enter(userId: string, entry: Omit<RegisterEntry, "enteredAt">): Promise<void> {
    try {
      await this.change(userId, (entries) => this.#added(entries, entry));
    } catch (thrown) {
      if (!RuntimeError.is(thrown) || thrown.code !== "resource_exhausted") throw thrown;
      const there = await this.#options.listIds();
      const isThere = ({ sandboxId, enteredAt }: RegisterEntry): boolean =>
        sandboxId === null ? enteredAt > Date.now() - longestMakingMs : there.has(sandboxId);
      await this.change(userId, (entries) => this.#added(entries.filter(isThere), entry));
    }
  }

  async strike(userId: string, isMeant: (entry: RegisterEntry) => boolean): Promise<void> {
    await this.change(userId, (entries) => entries.filter((entry) => !isMeant(entry)));
  }

  #added(entries: readonly RegisterEntry[], entry: Omit<RegisterEntry, "enteredAt">): readonly RegisterEntry[] {
    const { perUser } = this.#options;
    const others = entries.filter(({ sessionId, type }) => sessionId !== entry.sessionId || type !== entry.type);
    if (others.length < perUser) return [...others, { ...entry, enteredAt: Date.now() }];
    const message = `The user has ${perUser} sandboxes, the most there may be: release some, or raise limits.perUser.`;
    throw new RuntimeError("resource_exhausted", message, { details: { limit: perUser } });
  }

  /** Puts what the change makes of a user's entries in their place; changes of all managers wait for each other. */
  async change(
    userId: string,
    change: (entries: readonly RegisterEntry[]) => readonly RegisterEntry[],
    { signal }: CallOptions = {},
  ): Promise<void> {
    const name = `sandboxes-of:${userId}`;
    await withLease({ leases: this.#options.leases, name, signal }, async () => {
      const entries = change(await this.read(userId));
      // Every save is a new version; a user without sandboxes has no record, and so none of the old versions.
      if (entries.length === 0) await this.#options.state.delete(keyOf(userId));
      else await this.#options.state.save(keyOf(userId), entries);
    });
  }
}

/** Beside the states of agents, which nobody names like this. */
const keyOf = (userId: string) => ({ userId, sessionId: "", name: "agentscope-runtime:sandboxes" });
