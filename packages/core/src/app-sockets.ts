import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CorsOptions } from "./cors.ts";
import { errorReply } from "./error-reply.ts";
import type { HttpReply, HttpRequest } from "./http.ts";
import type { Identity } from "./identity.ts";
import type { Logger } from "./logger.ts";
import type { RouteRequest } from "./route.ts";
import { Router } from "./router.ts";
import type { Socket, SocketGrant } from "./socket.ts";
import type { SocketRoute } from "./socket-route.ts";
import { TalkingSocket } from "./talking-socket.ts";

export interface AppSocketsOptions {
  readonly routes: readonly SocketRoute[];
  readonly cors: CorsOptions | undefined;
  readonly logger: Logger;
  readonly maxSockets: number;
  /** Of one message, where the route does not say. */
  readonly maxMessageBytes: number;
  readonly identify: (request: HttpRequest) => Promise<Identity | undefined>;
  /** Throws while the app is not ready. */
  readonly assertReady: () => void;
}

/** Sockets are asked for with GET. */
interface Entry {
  readonly method: "GET";
  readonly path: string;
  readonly route: SocketRoute;
}

const defaultIdleMs = 60 * 60 * 1000;
/** How long a route may go on talking when the app has drained. */
const lastWordsMs = 2_000;
/** The reason of a close frame has room for so many bytes. */
const maxReasonBytes = 123;

/** The sockets of an app: who may open one, and what happens to those that are open when the app closes. */
export class AppSockets {
  readonly #options: AppSocketsOptions;
  readonly #router: Router<Entry>;
  readonly #talks = new Map<TalkingSocket, Promise<void>>();

  /** Throws `conflict` when two routes have the same path. */
  constructor(options: AppSocketsOptions) {
    this.#options = options;
    this.#router = new Router(options.routes.map((route) => ({ method: "GET", path: route.path, route })));
  }

  async upgrade(request: HttpRequest): Promise<SocketGrant | HttpReply | undefined> {
    const { logger, maxMessageBytes } = this.#options;
    let route: SocketRoute | undefined;
    try {
      const match = this.#router.find("GET", request.path);
      if (match === undefined) return undefined;
      const { params, route: entry } = match;
      ({ route } = entry);
      const identity = await this.#admit(request, route);
      const asked = { http: request, params, query: new URLSearchParams(request.search), identity };
      const talk = "open" in route ? await route.open(asked) : talkOf(route, asked);
      return {
        maxMessageBytes: route.maxMessageBytes ?? maxMessageBytes,
        talk: async (socket) => this.#talk(new TalkingSocket(socket, entry.route.idleMs ?? defaultIdleMs), talk, asked),
      };
    } catch (thrown) {
      const error = RuntimeError.from(thrown);
      if (error.code === "internal") logger.error({ err: thrown, path: request.path }, "A socket could not be opened.");
      return (route?.errorReply ?? errorReply)(error);
    }
  }

  /** Lets the routes say the rest, then closes what is open. */
  async close(): Promise<void> {
    for (const socket of this.#talks.keys()) socket.endMessages();
    const talks = Promise.all(this.#talks.values());
    const waiting = new AbortController();
    await Promise.race([talks, sleep(lastWordsMs, undefined, { signal: waiting.signal }).catch(() => undefined)]);
    waiting.abort();
    for (const socket of this.#talks.keys()) socket.close(1001, "The server is shutting down.");
  }

  async #admit(request: HttpRequest, route: SocketRoute): Promise<Identity | undefined> {
    const { cors, maxSockets, identify, assertReady } = this.#options;
    assertReady();
    assertOrigin(request, cors);
    const identity = route.public === true ? undefined : await identify(request);
    if (this.#talks.size >= maxSockets) {
      throw new RuntimeError("resource_exhausted", `This server has ${maxSockets} sockets open: try again later.`);
    }
    return identity;
  }

  async #talk(socket: TalkingSocket, talk: Talk, asked: RouteRequest): Promise<void> {
    const talking = this.#talkSafely(socket, talk, asked);
    this.#talks.set(socket, talking);
    await talking;
    this.#talks.delete(socket);
  }

  async #talkSafely(socket: TalkingSocket, talk: Talk, asked: RouteRequest): Promise<void> {
    try {
      // It may have been granted before, and opened after, the app began to close.
      this.#options.assertReady();
      await talk(socket);
      socket.close();
    } catch (thrown) {
      const error = RuntimeError.from(thrown);
      if (error.code === "internal") {
        this.#options.logger.error({ err: thrown, path: asked.http.path }, "A socket's route failed.");
      }
      socket.close(closeCodeOf(error), reasonOf(error));
    }
  }
}

type Talk = (socket: Socket) => Promise<void>;

function talkOf(route: Extract<SocketRoute, { readonly handle: unknown }>, asked: RouteRequest): Talk {
  return async (socket) => route.handle(socket, asked);
}

/** Browsers open sockets for any page, with the user's cookies, and ask nobody. */
function assertOrigin({ headers }: HttpRequest, cors: CorsOptions | undefined): void {
  const { origin, host } = headers;
  if (origin === undefined || cors?.origins === "*" || cors?.origins.includes(origin) === true) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new RuntimeError("permission_denied", `Pages of ${origin} may not open sockets here: name it in \`cors\`.`, {
    details: { field: "origin" },
  });
}

function closeCodeOf({ code }: RuntimeError): number {
  if (code === "internal") return 1011;
  if (code === "payload_too_large") return 1009;
  return code === "unavailable" || code === "resource_exhausted" ? 1013 : 1008;
}

function reasonOf({ message }: RuntimeError): string {
  const bytes = new TextEncoder().encode(message).subarray(0, maxReasonBytes);
  // A character that was cut in half is left out.
  return new TextDecoder().decode(bytes, { stream: true });
}
