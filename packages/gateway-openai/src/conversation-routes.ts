import type { GatewayHost, Notes, Route, RouteRequest } from "@agentscope-runtime/core";
import { idSchema, messageSchema, parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { SessionKey, StateKey } from "@agentscope-runtime/services";
import { z } from "zod";
import { errorBodySchema, openAiErrorReply } from "./error-body.ts";
import { inputItemSchema } from "./input-item.ts";
import { metadataSchema } from "./response-request.ts";
import { toMessages } from "./to-messages.ts";

const createSchema = z.looseObject({
  items: z.array(inputItemSchema).max(20).nullish(),
  metadata: metadataSchema.nullish(),
});
const updateSchema = z.looseObject({ metadata: metadataSchema.nullable() });

const conversationSchema = z.object({
  id: z.string(),
  object: z.literal("conversation"),
  created_at: z.int(),
  metadata: z.record(z.string(), z.unknown()),
});
const deletedSchema = z.object({
  id: z.string(),
  object: z.literal("conversation.deleted"),
  deleted: z.literal(true),
});

/** What is kept of a conversation beside its session. */
interface ConversationNote {
  readonly created_at: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The Conversations API, as far as naming one goes: a conversation is a session of the runtime, by the same id. */
export function conversationRoutes(
  { runs, maxBodyBytes }: GatewayHost,
  notes: Notes,
  prefix: string,
): readonly Route[] {
  const tag = "openai";
  const errorReply = openAiErrorReply;
  const path = `${prefix}/conversations/:conversationId`;
  return [
    {
      method: "POST",
      path: `${prefix}/conversations`,
      doc: {
        summary: "Begin a conversation.",
        tag,
        body: createSchema,
        reply: conversationSchema,
        error: errorBodySchema,
      },
      errorReply,
      async handle({ http, identity }) {
        const { items, metadata } = parse(createSchema, (await http.readJson(maxBodyBytes)) ?? {}, "request");
        const key = keyOf(identity?.userId, `conv_${crypto.randomUUID().replaceAll("-", "")}`);
        await tell(key, items ?? []);
        const note = { created_at: Math.floor(Date.now() / 1000), metadata: metadata ?? {} };
        await notes.save(noteKey(key), note);
        return { status: 200, body: { json: toConversation(key, note) } };
      },
    },
    {
      method: "GET",
      path,
      doc: { summary: "One conversation.", tag, reply: conversationSchema, error: errorBodySchema },
      errorReply,
      async handle(request) {
        const key = keyIn(request);
        return { status: 200, body: { json: toConversation(key, await find(key)) } };
      },
    },
    {
      method: "POST",
      path,
      doc: {
        summary: "Replace a conversation's metadata.",
        tag,
        body: updateSchema,
        reply: conversationSchema,
        error: errorBodySchema,
      },
      errorReply,
      async handle(request) {
        const { metadata } = parse(updateSchema, await request.http.readJson(maxBodyBytes), "request");
        const key = keyIn(request);
        const note = { ...(await find(key)), metadata: metadata ?? {} };
        await notes.save(noteKey(key), note);
        return { status: 200, body: { json: toConversation(key, note) } };
      },
    },
    {
      method: "DELETE",
      path,
      doc: { summary: "Forget a conversation; its responses stay.", tag, reply: deletedSchema, error: errorBodySchema },
      errorReply,
      async handle(request) {
        const key = keyIn(request);
        await find(key);
        await runs.sessions?.delete(key);
        await notes.delete(noteKey(key));
        return { status: 200, body: { json: { id: key.sessionId, object: "conversation.deleted", deleted: true } } };
      },
    },
  ];

  /** A session that began at another door is a conversation too. */
  async function find(key: SessionKey): Promise<ConversationNote> {
    const note = (await notes.load(noteKey(key))) as ConversationNote | undefined; // Only this file writes there.
    if (note !== undefined) return note;
    const session = await runs.sessions?.get(key);
    if (session !== undefined) return { created_at: Math.floor(session.createdAt / 1000), metadata: {} };
    throw new RuntimeError("not_found", `Conversation with id '${key.sessionId}' not found.`);
  }

  async function tell(key: SessionKey, items: readonly z.output<typeof inputItemSchema>[]): Promise<void> {
    if (items.length === 0) return;
    if (runs.sessions === undefined) {
      throw new RuntimeError("unimplemented", "This app keeps no sessions: give AgentApp `services.sessions`.", {
        details: { field: "items" },
      });
    }
    const whole = items.filter((item) => item.type !== "item_reference");
    const messages = toMessages(whole, runs.agents[0] ?? "");
    await runs.sessions.append(
      key,
      messages.map((message) => messageSchema.parse({ ...message, status: "completed" })),
    );
  }
}

function keyIn({ identity, params }: RouteRequest): SessionKey {
  return keyOf(identity?.userId, parse(idSchema, params["conversationId"], "conversation id"));
}

/** As in a request: without authentication, a session belongs to the user of its own name. */
function keyOf(userId: string | undefined, sessionId: string): SessionKey {
  return { userId: userId ?? sessionId, sessionId };
}

function noteKey(key: SessionKey): StateKey {
  return { ...key, name: "openai.conversation" };
}

function toConversation({ sessionId }: SessionKey, note: ConversationNote): z.output<typeof conversationSchema> {
  return { id: sessionId, object: "conversation", created_at: note.created_at, metadata: { ...note.metadata } };
}
