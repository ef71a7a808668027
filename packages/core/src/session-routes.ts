import { idSchema, messageSchema, parse, RuntimeError, sessionSchema } from "@agentscope-runtime/protocol";
import type { Session } from "@agentscope-runtime/protocol";
import type { SessionHistoryService, SessionKey, SessionRecord } from "@agentscope-runtime/services";
import { z } from "zod";
import { pageFields, pageReply, pageReplySchema } from "./page-reply.ts";
import type { Route, RouteRequest } from "./route.ts";

/** Only without authentication: with it, the user is the one who asks. */
const userField = { user_id: idSchema.optional() };
const listQuerySchema = z.strictObject({ ...pageFields, ...userField });
const sessionQuerySchema = z.strictObject(userField);

/** The conversations that the app keeps. */
export function sessionRoutes(sessions: SessionHistoryService | undefined): readonly Route[] {
  const tag = "sessions";
  return [
    {
      method: "GET",
      path: "/sessions",
      doc: {
        summary: "A user's sessions, last used first.",
        tag,
        query: listQuerySchema,
        reply: pageReplySchema(sessionSchema),
      },
      async handle({ identity, query, http }) {
        const { user_id, ...options } = parse(listQuerySchema, Object.fromEntries(query), "query");
        const userId = identity?.userId ?? user_id;
        if (userId === undefined) {
          throw new RuntimeError("invalid_argument", "Invalid query: user_id: say whose sessions.", {
            details: { field: "user_id" },
          });
        }
        return pageReply(await present(sessions).list(userId, { ...options, signal: http.signal }), toSession);
      },
    },
    {
      method: "GET",
      path: "/sessions/:sessionId/messages",
      doc: {
        summary: "A session's newest messages, oldest of them first; the cursor leads to those before.",
        tag,
        query: listQuerySchema,
        reply: pageReplySchema(messageSchema),
      },
      async handle(request) {
        const { user_id, ...options } = parse(listQuerySchema, Object.fromEntries(request.query), "query");
        const key = keyOf(request, user_id);
        return pageReply(
          await present(sessions).read(key, { ...options, signal: request.http.signal }),
          (message) => message,
        );
      },
    },
    {
      method: "DELETE",
      path: "/sessions/:sessionId",
      doc: { summary: "Forget a session.", tag, query: sessionQuerySchema, status: 204 },
      async handle(request) {
        const { user_id } = parse(sessionQuerySchema, Object.fromEntries(request.query), "query");
        await present(sessions).delete(keyOf(request, user_id), { signal: request.http.signal });
        return { status: 204 };
      },
    },
  ];
}

/** As in a request: without a user, a session belongs to the user of its own name. */
function keyOf({ identity, params }: RouteRequest, claimed: string | undefined): SessionKey {
  const sessionId = parse(idSchema, params["sessionId"], "session id");
  return { sessionId, userId: identity?.userId ?? claimed ?? sessionId };
}

function present(sessions: SessionHistoryService | undefined): SessionHistoryService {
  if (sessions !== undefined) return sessions;
  throw new RuntimeError("unimplemented", "This app keeps no sessions: give AgentApp `services.sessions`.");
}

function toSession(record: SessionRecord): Session {
  return {
    object: "session",
    id: record.sessionId,
    user_id: record.userId,
    title: record.title ?? null,
    metadata: { ...record.metadata },
    message_count: record.messageCount,
    created_at: Math.floor(record.createdAt / 1000),
    updated_at: Math.floor(record.updatedAt / 1000),
  };
}
