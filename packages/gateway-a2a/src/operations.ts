import type { HttpRequest } from "@agentscope-runtime/core";
import { a2aError } from "./a2a-error.ts";
import type { CardDesk } from "./card-desk.ts";
import type { Caller } from "./caller.ts";
import type { PushDesk } from "./push-desk.ts";
import type { TaskDesk } from "./task-desk.ts";
import type { TaskShelf } from "./task-shelf.ts";

/** Everything that a binding hands its requests to. */
export interface Operations {
  readonly cards: CardDesk;
  readonly tasks: TaskDesk;
  readonly shelf: TaskShelf;
  readonly push: PushDesk | undefined;
}

export interface Call {
  readonly caller: Caller;
  readonly http: HttpRequest;
}

/** The push desk, for a task that is the caller's. */
export async function pushFor(
  { push, shelf }: Operations,
  { caller }: Call,
  taskId: string,
): Promise<{ readonly push: PushDesk; readonly key: { readonly ownerId: string; readonly taskId: string } }> {
  if (push === undefined) throw a2aError("PUSH_NOTIFICATION_NOT_SUPPORTED", "The agent sends no push notifications.");
  await shelf.find(taskId, caller);
  return { push, key: { ownerId: caller.ownerId, taskId } };
}
