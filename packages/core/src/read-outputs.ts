import type { AgentOutput } from "./agent-output.ts";

/** Turns the items of one stream into what the agent says. */
export interface OutputReader<Item> {
  /** What an item says; often one output, or none. */
  read(item: Item): Iterable<AgentOutput>;
  /** What is left to say when the stream is over, or has failed. Default nothing. */
  close?(how: { readonly broken: boolean }): Iterable<AgentOutput>;
}

export interface ReadOutputsOptions {
  /** What a failure of the stream is thrown as. Default as it is. */
  readonly toError?: (thrown: unknown) => unknown;
}

/**
 * Reads a framework's stream as outputs, which is what an adapter does. Nothing is read before the first output is asked for.
 * Leaving the loop returns the stream's iterator.
 *
 * It does what an async generator with a `yield*` for each item would do, which costs several promises an item, with one.
 */
export function readOutputs<Item>(
  stream: AsyncIterable<Item> | PromiseLike<AsyncIterable<Item>>,
  reader: OutputReader<Item>,
  { toError = (thrown) => thrown }: ReadOutputsOptions = {},
): AsyncGenerator<AgentOutput, void, undefined> {
  return new OutputStream(stream, reader, toError);
}

type Result = IteratorResult<AgentOutput, undefined>;

const over: Result = { done: true, value: undefined };

class OutputStream<Item> implements AsyncGenerator<AgentOutput, void, undefined> {
  readonly #stream: AsyncIterable<Item> | PromiseLike<AsyncIterable<Item>>;
  readonly #reader: OutputReader<Item>;
  readonly #toError: (thrown: unknown) => unknown;
  #source: AsyncIterator<Item> | undefined;
  /** What is said and has not been told yet. */
  #pending: Iterator<AgentOutput> | undefined;
  /** While an item is waited for. */
  #busy: Promise<Result> | undefined;
  #isOver = false;
  /** Thrown once everything is told that was left. */
  #failure: { readonly thrown: unknown } | undefined;

  constructor(
    stream: AsyncIterable<Item> | PromiseLike<AsyncIterable<Item>>,
    reader: OutputReader<Item>,
    toError: (thrown: unknown) => unknown,
  ) {
    this.#stream = stream;
    this.#reader = reader;
    this.#toError = toError;
  }

  /** One after the other, also when the next is asked for before this one is there. */
  next(): Promise<Result> {
    if (this.#busy !== undefined) {
      const next = async (): Promise<Result> => this.next();
      return this.#busy.then(next, next);
    }
    try {
      const result = this.#tell();
      return result === undefined ? (this.#busy = this.#read()) : Promise.resolve(result);
    } catch (thrown) {
      return rejected(thrown);
    }
  }

  async return(): Promise<Result> {
    this.#pending = undefined;
    this.#failure = undefined;
    await this.#leave();
    return over;
  }

  async throw(thrown: unknown): Promise<Result> {
    await this.return();
    throw thrown;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** The next that is said already; undefined when an item has to be read for it. Throws what the stream has failed with. */
  #tell(): Result | undefined {
    const told = this.#pending?.next();
    if (told?.done === false) return told;
    this.#pending = undefined;
    if (!this.#isOver) return undefined;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.thrown;
    return over;
  }

  /** Reads items until one says something. Plain callbacks: each `async` function would be one more promise for each item. */
  #read(): Promise<Result> {
    const next = this.#source === undefined ? this.#open() : this.#source.next();
    return next.then(this.#onItem, this.#onBroken);
  }

  async #open(): Promise<IteratorResult<Item>> {
    this.#source = (await this.#stream)[Symbol.asyncIterator]();
    return this.#source.next();
  }

  readonly #onItem = (item: IteratorResult<Item>): Result | Promise<Result> => {
    if (!this.#isOver) {
      if (item.done === true) this.#end(false);
      else {
        try {
          this.#pending = this.#reader.read(item.value)[Symbol.iterator]();
          const result = this.#tell();
          if (result === undefined) return this.#read();
          this.#busy = undefined;
          return result;
        } catch (thrown) {
          return this.#failed(thrown);
        }
      }
    }
    return this.#last();
  };

  readonly #onBroken = (thrown: unknown): Result => {
    if (!this.#isOver) {
      this.#failure = { thrown: this.#toError(thrown) };
      this.#end(true);
    }
    return this.#last();
  };

  /** What is told when nothing more is read. */
  #last(): Result {
    this.#busy = undefined;
    return this.#tell() ?? over;
  }

  /** The reader cannot go on, and so nobody reads the stream any more. */
  async #failed(thrown: unknown): Promise<never> {
    this.#pending = undefined;
    await this.#leave();
    this.#busy = undefined;
    throw thrown;
  }

  #end(broken: boolean): void {
    this.#isOver = true;
    this.#pending = this.#reader.close?.({ broken })[Symbol.iterator]();
  }

  async #leave(): Promise<void> {
    const isOpen = !this.#isOver;
    this.#isOver = true;
    if (isOpen) await this.#source?.return?.();
  }
}

async function rejected(thrown: unknown): Promise<never> {
  throw thrown;
}
