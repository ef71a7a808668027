import type { RunKey } from "@agentscope-runtime/services";
import type { Replica } from "./replica.ts";
import type { ReplicaMessage } from "./replica-message.ts";

interface RemoteReader {
  readonly left: AbortController;
  expiry: NodeJS.Timeout;
}

export interface RemoteReadersOptions {
  /** How often a reader says that it is still there, in milliseconds. After three times as long in silence it has left. */
  readonly heartbeatMs: number;
  readonly replica: Replica;
  /** Counts a reader of a run of this process until the signal aborts. */
  readonly onReader: (key: RunKey, signal: AbortSignal) => void;
}

/** Makes readers count who follow a run through another replica than the one that runs it. */
export class RemoteReaders implements Disposable {
  readonly #options: RemoteReadersOptions;
  readonly #readers = new Map<string, RemoteReader>();

  constructor(options: RemoteReadersOptions) {
    this.#options = options;
  }

  /** Tells a run's holder that it has a reader here, until the returned function is called or the signal aborts. */
  announce(key: RunKey, holder: string, signal: AbortSignal | undefined): () => void {
    const { replica, heartbeatMs } = this.#options;
    const readerId = crypto.randomUUID();
    const tell = (present: boolean): void => {
      // Whoever misses it hears it again with the next heartbeat.
      replica.send(holder, { type: "reader", key, readerId, present }).catch(() => undefined);
    };
    tell(true);
    const timer = setInterval(tell, heartbeatMs, true).unref();
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      clearInterval(timer);
      signal?.removeEventListener("abort", leave);
      tell(false);
    };
    signal?.addEventListener("abort", leave);
    return leave;
  }

  /** What another replica told about a reader there. */
  hear({ key, readerId, present }: Extract<ReplicaMessage, { type: "reader" }>): void {
    const { heartbeatMs, onReader } = this.#options;
    if (!present) {
      this.#leave(readerId);
      return;
    }
    const expiry = setTimeout(() => {
      this.#leave(readerId);
    }, heartbeatMs * 3).unref();
    const known = this.#readers.get(readerId);
    if (known !== undefined) {
      clearTimeout(known.expiry);
      known.expiry = expiry;
      return;
    }
    const left = new AbortController();
    this.#readers.set(readerId, { left, expiry });
    onReader(key, left.signal);
  }

  [Symbol.dispose](): void {
    for (const readerId of this.#readers.keys()) this.#leave(readerId);
  }

  #leave(readerId: string): void {
    const reader = this.#readers.get(readerId);
    this.#readers.delete(readerId);
    clearTimeout(reader?.expiry);
    reader?.left.abort();
  }
}
