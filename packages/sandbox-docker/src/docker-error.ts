import { RuntimeError } from "@agentscope-runtime/protocol";

/** The status of an answer of the engine; undefined for anything else that was thrown. */
export function statusOf(thrown: unknown): number | undefined {
  const status =
    typeof thrown === "object" && thrown !== null && "statusCode" in thrown ? thrown.statusCode : undefined;
  return typeof status === "number" ? status : undefined;
}

function codeOf(thrown: unknown): unknown {
  return typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
}

/** What the engine says in its own words; "" when it says nothing. */
function messageOf(thrown: unknown): string {
  const body = typeof thrown === "object" && thrown !== null && "json" in thrown ? thrown.json : undefined;
  const message = typeof body === "object" && body !== null && "message" in body ? body.message : undefined;
  return typeof message === "string" ? message.trim() : "";
}

const noRoom = /no space left|cannot allocate memory|resource temporarily unavailable|too many open files/i;

/** What a failed call of the engine means to a caller. `what` is what was tried, as in "make a sandbox". */
export function toDockerError(thrown: unknown, what: string): RuntimeError {
  if (RuntimeError.is(thrown)) return thrown;
  const said = messageOf(thrown);
  if (statusOf(thrown) === undefined) {
    const code = codeOf(thrown);
    if (code === "EACCES")
      return lost(thrown, what, "this user may not use its socket. Add the user to the group docker.");
    return lost(thrown, what, "Docker does not answer. Start it, or name the socket that it listens on.");
  }
  if (noRoom.test(said)) {
    const text = `Docker has no room to ${what}: ${said}. Dispose sandboxes, or free disk and memory.`;
    return new RuntimeError("resource_exhausted", text, { cause: thrown });
  }
  return new RuntimeError("unavailable", `Docker could not ${what}: ${said === "" ? "it gave no reason" : said}.`, {
    cause: thrown,
  });
}

function lost(thrown: unknown, what: string, why: string): RuntimeError {
  return new RuntimeError("unavailable", `Cannot ${what}: ${why}`, { cause: thrown });
}
