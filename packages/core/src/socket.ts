import type { HttpReply, HttpRequest } from "./http.ts";

/** One message of a socket: a text, or bytes. */
export type SocketMessage = string | Uint8Array;

/** A WebSocket with no framework in it. Tests pass plain objects. */
export interface Socket {
  /**
   * What the other side says, in order; ends when either side closes. It can be read once. While nobody reads, no more is
   * taken from the network than a little.
   */
  readonly messages: AsyncIterable<SocketMessage>;
  /** Aborts when the connection is over, whoever ended it. */
  readonly signal: AbortSignal;
  /**
   * Resolves when the next message may be sent: whoever waits for it holds no more than a slow reader can take. Does nothing
   * when the connection is over.
   */
  send(message: SocketMessage): Promise<void>;
  /** What was sent before still arrives. `code` is one of RFC 6455, default 1000. A second call changes nothing. */
  close(code?: number, reason?: string): void;
}

/** What a server needs to know to open a socket, once it may. */
export interface SocketGrant {
  /** A larger message closes the socket with 1009. */
  readonly maxMessageBytes: number;
  /** Talks until one side is done, and closes the socket. Never rejects. */
  talk(socket: Socket): Promise<void>;
}

/**
 * Answers a request for a WebSocket: lets it be opened, refuses it with a reply, or returns undefined when nothing is at its
 * path. It does not throw.
 */
export type UpgradeHandler = (request: HttpRequest) => Promise<SocketGrant | HttpReply | undefined>;
