import { ownerOf } from "@agentscope-runtime/core";
import type { RouteRequest, Socket, SocketMessage, SocketRoute } from "@agentscope-runtime/core";
import { httpStatusFromErrorCode, parse, RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { openAiErrorReply, toOpenAiError } from "./error-body.ts";
import type { ResponseDesk } from "./response-desk.ts";
import { responseRequestSchema } from "./response-request.ts";
import type { ResponseRequest } from "./response-request.ts";
import { ResponseTurns } from "./response-turns.ts";

const streamId = z.string().max(256).nullish();

const eventSchema = z.discriminatedUnion("type", [
  z.looseObject({
    ...responseRequestSchema.shape,
    type: z.literal("response.create"),
    /** Events repeat it. */
    stream_id: streamId,
    /** False: only take note of the input. */
    generate: z.boolean().nullish(),
    background: z.literal(false, "a response on a socket is not in the background: use POST").nullish(),
  }),
  z.looseObject({
    type: z.literal("response.steer"),
    input: z.unknown(),
    previous_response_id: z.string(),
    stream_id: streamId,
  }),
]);

type ClientEvent = z.output<typeof eventSchema>;

/**
 * The WebSocket mode of Responses: each `response.create` is answered with the events of a response, one after the other.
 * What is not stored can be continued on its own socket, until the next response there.
 */
export function responseSocket(desk: ResponseDesk, prefix: string): SocketRoute {
  return {
    path: `${prefix}/responses`,
    errorReply: openAiErrorReply,
    handle: async (socket, request) => talk(socket, request, desk),
  };
}

async function talk(socket: Socket, { http, identity }: RouteRequest, desk: ResponseDesk): Promise<void> {
  const { signal } = socket;
  const caller = { identity, signal, traceparent: http.headers["traceparent"] };
  using turns = new ResponseTurns(desk, caller, ownerOf(identity));
  for await (const message of socket.messages) {
    if (signal.aborted) return;
    let lane: { readonly stream_id?: string } = {};
    const send = async (event: object): Promise<void> => socket.send(JSON.stringify({ ...event, ...lane }));
    try {
      const event = parse(eventSchema, parseJson(message), "event");
      lane = laneOf(event);
      if (event.type === "response.steer") await send(notSteered(event));
      else
        for await (const told of turns.take(requestOf(event), { generate: event.generate !== false })) await send(told);
    } catch (thrown) {
      await send(toErrorEvent(RuntimeError.from(thrown)));
    }
  }
}

/** What is the socket's business is not the agent's. */
function requestOf({
  type: _type,
  stream_id: _lane,
  ...request
}: Extract<ClientEvent, { type: "response.create" }>): ResponseRequest {
  return request;
}

function parseJson(message: SocketMessage): unknown {
  try {
    return JSON.parse(typeof message === "string" ? message : new TextDecoder().decode(message));
  } catch (cause) {
    throw new RuntimeError("invalid_argument", "Invalid event: it is not JSON.", { cause });
  }
}

function laneOf(event: ClientEvent): { readonly stream_id?: string } {
  const { stream_id: lane } = event;
  return typeof lane === "string" ? { stream_id: lane } : {};
}

function toErrorEvent(error: RuntimeError): object {
  return { type: "error", status: httpStatusFromErrorCode(error.code), error: toOpenAiError(error) };
}

/** Agents take no input while they answer. */
function notSteered({ input, previous_response_id }: Extract<ClientEvent, { type: "response.steer" }>): object {
  const message = "This server does not steer responses: send the input in a response.create when this one has ended.";
  return {
    type: "response.steer.failed",
    sequence_number: 0,
    steer: { input, previous_response_id },
    error: { type: "invalid_request_error", code: "steering_not_supported", message },
  };
}
