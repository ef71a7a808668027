import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";

/** Opens a name itself and not what it stands for. Linux has it; Node does not name it. */
const onlyThePath = 0x20_00_00;

/**
 * A unix socket, by its own identity, in a folder that somebody else can write. Without it a box could put a link in its socket's
 * place, and we would talk to any socket of the host.
 */
export class PinnedSocket implements AsyncDisposable {
  readonly #name: string;
  #file: FileHandle;

  private constructor(name: string, file: FileHandle) {
    this.#name = name;
    this.#file = file;
  }

  /** Takes hold of the socket of this name. `unavailable` when there is none. */
  static async open(name: string): Promise<PinnedSocket> {
    return new PinnedSocket(name, await take(name));
  }

  /** Leads to this socket until it is disposed or renewed, whatever its name leads to meanwhile. */
  get path(): string {
    return `/proc/self/fd/${this.#file.fd}`;
  }

  /** Takes hold of the socket that has the name now. */
  async renew(): Promise<void> {
    const before = this.#file;
    this.#file = await take(this.#name);
    await before.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

async function take(name: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(name, onlyThePath | constants.O_NOFOLLOW);
  } catch (thrown) {
    throw new RuntimeError("unavailable", "The sandbox has no socket.", { cause: thrown });
  }
  if ((await file.stat()).isSocket()) return file;
  await file.close();
  throw new RuntimeError("unavailable", "The sandbox has put something else in the place of its socket.");
}
