import { ownerOf } from "@agentscope-runtime/core";
import type { Identity } from "@agentscope-runtime/core";
import { idSchema } from "@agentscope-runtime/protocol";
import type { SessionKey } from "@agentscope-runtime/services";
import { isObject } from "./is-object.ts";
import type { RunInput } from "./run-input.ts";

/** A thread of a client as the session that it is here, and whose runs those of it are. */
export interface Thread extends SessionKey {
  readonly ownerId: string;
  /** Who the client says it is; the app believes it where it does not authenticate. */
  readonly claimedUserId: string | null;
}

/** The user is the identity's; else the one in `forwardedProps`, as `userId` or `user_id`; else the thread's own. */
export function threadOf({ threadId, forwardedProps }: RunInput, identity: Identity | undefined): Thread {
  const claimed: unknown = isObject(forwardedProps)
    ? (forwardedProps["userId"] ?? forwardedProps["user_id"])
    : undefined;
  const { data: claimedUserId = null } = idSchema.safeParse(claimed);
  const userId = identity?.userId ?? claimedUserId ?? threadId;
  return { ownerId: ownerOf(identity), userId, sessionId: threadId, claimedUserId };
}
