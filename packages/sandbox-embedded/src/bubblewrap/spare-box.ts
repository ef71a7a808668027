import { randomBytes } from "node:crypto";
import type { SandboxLimits } from "@agentscope-runtime/sandbox";
import type { BoxShelf } from "../box-shelf.ts";
import type { BubblewrapWalls, WalledBox } from "./bubblewrap-walls.ts";

/** About as long as a first command takes. */
const soonMs = 10;

interface Spare {
  readonly limits: SandboxLimits;
  /** Undefined when it could not be made. */
  readonly box: Promise<WalledBox | undefined>;
  hasEnded: boolean;
}

/**
 * One box more than was asked for, which stands ready for the next sandbox with the same limits. Nothing has run in it but its own
 * shell. It does not keep the process from ending.
 */
export class SpareBox implements AsyncDisposable {
  readonly #walls: BubblewrapWalls;
  readonly #shelf: BoxShelf;
  readonly #closing = new AbortController();
  #spare: Spare | undefined;
  #discarded: Promise<void> = Promise.resolve();
  #soon: NodeJS.Timeout | undefined;

  constructor(walls: BubblewrapWalls, shelf: BoxShelf) {
    this.#walls = walls;
    this.#shelf = shelf;
  }

  /** Makes one soon, so that it takes no time from a sandbox that has just begun. */
  prepareSoon(limits: SandboxLimits): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => {
      this.prepare(limits);
    }, soonMs).unref();
  }

  /** Makes one in the background, unless there is one with these limits. */
  prepare(limits: SandboxLimits): void {
    if (this.#closing.signal.aborted || (this.#spare !== undefined && isFor(this.#spare, limits))) return;
    this.#discard();
    const spare: Spare = { limits, box: this.#make(limits), hasEnded: false };
    this.#spare = spare;
    void spare.box.then(async (box) => {
      await box?.ended;
      spare.hasEnded = true;
    });
  }

  /** The one with these limits, also when it is still being made; undefined when there is none. */
  async take(limits: SandboxLimits): Promise<WalledBox | undefined> {
    const spare = this.#spare;
    if (spare === undefined || !isFor(spare, limits)) return undefined;
    this.#spare = undefined;
    const walled = await spare.box;
    walled?.box.ref();
    return walled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#soon);
    this.#closing.abort();
    this.#discard();
    await this.#discarded;
  }

  async #make(limits: SandboxLimits): Promise<WalledBox | undefined> {
    const id = `spare-${randomBytes(8).toString("hex")}`;
    this.#shelf.note({ id, type: "base", state: "spare", createdAt: Date.now(), labels: {} });
    try {
      const walled = await this.#walls.openBox(id, limits, this.#closing.signal);
      walled.box.unref();
      return {
        ...walled,
        close: async (paused) => {
          await walled.close(paused);
          await this.#shelf.remove(id);
        },
      };
    } catch {
      await this.#shelf.remove(id);
      return undefined; // Whoever makes the next sandbox is told.
    }
  }

  #discard(): void {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare === undefined) return;
    const before = this.#discarded;
    this.#discarded = spare.box.then(async (box) => {
      box?.box.ref(); // Nothing else may keep the process for the rest of this.
      await box?.close(false);
      await before;
    });
  }
}

function isFor({ limits, hasEnded }: Spare, wanted: SandboxLimits): boolean {
  const { memoryBytes, processes, cpus, diskBytes } = limits;
  return (
    !hasEnded &&
    memoryBytes === wanted.memoryBytes &&
    processes === wanted.processes &&
    cpus === wanted.cpus &&
    diskBytes === wanted.diskBytes
  );
}
