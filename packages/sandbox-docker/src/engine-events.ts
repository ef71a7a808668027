import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { z } from "zod";
import { label } from "./container-options.ts";

const eventSchema = z.object({
  Action: z.string(),
  Actor: z.object({ Attributes: z.record(z.string(), z.string()) }),
});

/** Something that happened to a container of ours. */
export interface EngineEvent {
  readonly sandboxId: string;
  /** Such as `die`, `oom`, `kill`. */
  readonly action: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface EngineListener {
  onEvent(event: EngineEvent): void;
  /** It says no more. */
  onGone(): void;
  /** The engine was gone and is there again; events may be missing. */
  onReturn(): Promise<void>;
}

const retryMs = 500;

/** What the engine says about our containers, also after it was gone for a while. */
export class EngineEvents implements AsyncDisposable {
  readonly #docker: Docker;
  readonly #owner: string;
  readonly #listener: EngineListener;
  readonly #closing = new AbortController();
  #stream: Readable | undefined;
  #following: Promise<void> = Promise.resolve();

  private constructor(docker: Docker, owner: string, listener: EngineListener) {
    this.#docker = docker;
    this.#owner = owner;
    this.#listener = listener;
  }

  static async open(docker: Docker, owner: string, listener: EngineListener): Promise<EngineEvents> {
    const events = new EngineEvents(docker, owner, listener);
    const stream = await events.#connect();
    events.#following = events.#follow(stream);
    return events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#stream?.destroy();
    await this.#following;
  }

  async #connect(): Promise<Readable> {
    const filters = { type: ["container"], label: [`${label.owner}=${this.#owner}`] };
    const stream = await this.#docker.getEvents({ filters: JSON.stringify(filters) });
    this.#stream = stream as Readable; // A response of node:http.
    if (this.#closing.signal.aborted) this.#stream.destroy();
    return this.#stream;
  }

  async #follow(first: Readable): Promise<void> {
    await this.#read(first);
    this.#listener.onGone();
    while (await this.#pause()) {
      const stream = await this.#connect().catch(() => undefined);
      if (stream === undefined) continue; // Still gone.
      await this.#listener.onReturn().catch(() => undefined);
      await this.#read(stream);
      this.#listener.onGone();
    }
  }

  /** False when there is no need to go on. */
  async #pause(): Promise<boolean> {
    const { signal } = this.#closing;
    await sleep(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
    return !signal.aborted;
  }

  async #read(stream: Readable): Promise<void> {
    const lines = createInterface({ input: stream });
    stream.once("close", () => {
      lines.close();
    });
    try {
      for await (const line of lines) {
        const event = parseEvent(line);
        if (event !== undefined) this.#listener.onEvent(event);
      }
    } catch {
      // The engine went away in the middle of a line.
    }
  }
}

function parseEvent(line: string): EngineEvent | undefined {
  try {
    const { Action, Actor } = eventSchema.parse(JSON.parse(line));
    const sandboxId = Actor.Attributes[label.sandbox];
    return sandboxId === undefined ? undefined : { sandboxId, action: Action, attributes: Actor.Attributes };
  } catch {
    return undefined; // The last line of an engine that was cut off.
  }
}
