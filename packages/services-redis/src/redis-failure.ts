import { RuntimeError } from "@agentscope-runtime/protocol";

/** Replies of a Redis that does nothing for the moment, because it starts or another one takes over. */
const passing = /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY) /;
/** Replies of a Redis that answers, but takes no writes. */
const refusing = /^(OOM|MISCONF|NOREPLICAS|BUSY) /;
/** What ioredis says of a command that had no answer when the connection broke, or that was not even sent. */
const lost = /^(Connection is closed|Command aborted|Command timed out|Reached the max retries|Stream isn't writeable)/;

/** Whether it is not known, or known not, that the command has been run: it may be sent again, if that does no harm. */
export function isLost(thrown: unknown): boolean {
  const message = messageOf(thrown);
  return lost.test(message) || passing.test(message);
}

/** Whether Redis has not met this script yet. */
export function isUnknownScript(thrown: unknown): boolean {
  return messageOf(thrown).startsWith("NOSCRIPT ");
}

/** What a caller is told of a failure of Redis. Anything else stays what it is: a bug. */
export function toRuntimeError(thrown: unknown): unknown {
  if (isLost(thrown)) return new RuntimeError("unavailable", "The connection to Redis was lost.", { cause: thrown });
  if (!refusing.test(messageOf(thrown))) return thrown;
  return new RuntimeError("unavailable", "Redis takes no writes at the moment. Its log says why.", { cause: thrown });
}

/** By its text: an error of another realm fails `instanceof`. */
function messageOf(thrown: unknown): string {
  return typeof thrown === "object" && thrown !== null && "message" in thrown ? String(thrown.message) : "";
}
