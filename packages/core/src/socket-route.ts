import type { RuntimeError } from "@agentscope-runtime/protocol";
import type { HttpReply } from "./http.ts";
import type { RouteRequest } from "./route.ts";
import type { Socket } from "./socket.ts";

/**
 * One path of an app that talks over a WebSocket. Authentication is the same as for a route; a page of another origin is let
 * in only where `cors` names it, since browsers do not ask before they open a socket.
 */
export type SocketRoute = SocketTerms & (SocketHandler | SocketOpener);

interface SocketTerms {
  /** Parameters and a rest as in the path of a `Route`. */
  readonly path: string;
  /** Answers without authentication. Default false. */
  readonly public?: boolean;
  /** Of one message of the other side. Default: the app's `maxBodyBytes`. */
  readonly maxMessageBytes?: number;
  /** How long neither side may say anything, in milliseconds; then the socket is closed. Default one hour. */
  readonly idleMs?: number;
  /** Puts a refusal, such as missing authentication, into the words of the route's protocol. Default: our own error body. */
  readonly errorReply?: (error: RuntimeError) => HttpReply;
}

/** For a socket that may always be opened. */
interface SocketHandler {
  /**
   * Talks until it has nothing more to say; then the socket is closed. When the app drains, `messages` ends: say the rest and
   * return. What it throws closes the socket, with the error's message where a caller may know it.
   */
  handle(socket: Socket, request: RouteRequest): Promise<void>;
}

/** For a socket that something must be got ready for. */
interface SocketOpener {
  /** What it throws refuses the socket, with an error reply. What it gives is called with the open socket, as `handle` is. */
  open(request: RouteRequest): Promise<(socket: Socket) => Promise<void>>;
}
