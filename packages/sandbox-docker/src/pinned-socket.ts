import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";

/** Opens a name itself and not what it stands for. Linux has it; Node does not name it. */
const onlyThePath = 0x20_00_00;

/** A unix socket by its own identity. */
export interface PinnedSocket extends AsyncDisposable {
  /** Leads to this socket for as long as it is not disposed, whatever its name leads to later. */
  readonly path: string;
}

/**
 * Takes hold of a socket in a folder that somebody else can write. Without it a box could put a link in its socket's place, and we
 * would talk to any socket of the host.
 */
export async function pinSocket(path: string): Promise<PinnedSocket> {
  let file: FileHandle;
  try {
    file = await open(path, onlyThePath | constants.O_NOFOLLOW);
  } catch (thrown) {
    throw new RuntimeError("unavailable", "The sandbox has no socket.", { cause: thrown });
  }
  if (!(await file.stat()).isSocket()) {
    await file.close();
    throw new RuntimeError("unavailable", "The sandbox has put something else in the place of its socket.");
  }
  return { path: `/proc/self/fd/${file.fd}`, [Symbol.asyncDispose]: () => file.close() };
}
