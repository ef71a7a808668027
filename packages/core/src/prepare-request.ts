import { newResponseId, newUuid } from "@agentscope-runtime/protocol";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import type { Identity } from "./identity.ts";

/** A request that says which run, session and user it is about. */
export interface PreparedRequest extends AgentRequest {
  readonly id: string;
  readonly session_id: string;
  readonly user_id: string;
}

/**
 * Fills in what the caller left out: a new run, a new session. The user is the identity's; without one it is the
 * request's, or else the session's id.
 */
export function prepareRequest(request: AgentRequest, identity?: Identity): PreparedRequest {
  const sessionId = request.session_id ?? newUuid();
  return {
    ...request,
    id: request.id ?? newResponseId(),
    session_id: sessionId,
    user_id: identity?.userId ?? request.user_id ?? sessionId,
  };
}
