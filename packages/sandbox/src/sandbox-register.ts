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
}

/** Which session has which sandboxes, for all managers that share the services. One record per user. */
export class SandboxRegister {
  readonly #state: StateService;
  readonly #leases: Leases;

  constructor({ state, leases }: SandboxRegisterOptions) {
    this.#state = state;
    this.#leases = leases;
  }

  async read(userId: string, options?: CallOptions): Promise<readonly RegisterEntry[]> {
    const saved = await this.#state.load(keyOf(userId), options);
    return saved === undefined ? [] : entriesSchema.parse(saved.state);
  }

  /** Puts what the change makes of a user's entries in their place; changes of all managers wait for each other. */
  async change(
    userId: string,
    change: (entries: readonly RegisterEntry[]) => readonly RegisterEntry[],
    { signal }: CallOptions = {},
  ): Promise<void> {
    const name = `sandboxes-of:${userId}`;
    await withLease({ leases: this.#leases, name, signal }, async () => {
      const entries = change(await this.read(userId));
      // Every save is a new version; a user without sandboxes has no record, and so none of the old versions.
      if (entries.length === 0) await this.#state.delete(keyOf(userId));
      else await this.#state.save(keyOf(userId), entries);
    });
  }
}

/** Beside the states of agents, which nobody names like this. */
const keyOf = (userId: string) => ({ userId, sessionId: "", name: "agentscope-runtime:sandboxes" });
