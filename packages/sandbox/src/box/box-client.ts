import { Agent, request as httpRequest } from "node:http";
import type { AgentOptions, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { Readable } from "node:stream";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { errorCodeFromHttpStatus, RuntimeError } from "@agentscope-runtime/protocol";
import { untilAborted } from "@agentscope-runtime/services";
import type { CallOptions } from "@agentscope-runtime/services";
import { WebSocket } from "ws";
import type { z } from "zod";
import { linesOf } from "../lines-of.ts";
import { BoxConnection } from "./box-connection.ts";
import { errorReplySchema } from "./box-schemas.ts";

/** How to reach a box: a unix socket, or a URL, also that of a sandbox at a manager. */
export type BoxTransport =
  | { readonly socketPath: string; readonly token?: string }
  | { readonly url: string; readonly token?: string };

export interface BoxClientOptions {
  /** The sandbox's. */
  readonly id: string;
  readonly transport: BoxTransport;
  /** Sent with every call, such as `traceparent`. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Awaited before each call, for a box that cannot be called for a moment. */
  readonly callable?: () => Promise<unknown>;
  /** Aborts when the sandbox has ended; every call, also under way, rejects with its reason. */
  readonly ended?: AbortSignal;
  /** Asked why the box cannot be reached any more; what it answers is thrown instead. */
  readonly explain?: (lost: RuntimeError) => Promise<unknown>;
}

export interface BoxCall extends CallOptions {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the box's. */
  readonly path: string;
  /** A string is JSON. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

const maxReplyBytes = 64 * 1024 * 1024;
/** A line may hold a whole command's output, each character in up to six. */
const maxLineBytes = 128 * 1024 * 1024;

/** Connects to a unix socket, which may be another one each time. */
class SocketAgent extends Agent {
  readonly #transport: { readonly socketPath: string };

  constructor(transport: { readonly socketPath: string }, options: AgentOptions) {
    super(options);
    this.#transport = transport;
  }

  override createConnection(): Duplex {
    return connect(this.#transport.socketPath);
  }
}

/** Speaks HTTP to one box, over connections that it keeps. */
export class BoxClient {
  readonly #options: BoxClientOptions;
  readonly #agent: Agent | TlsAgent;
  readonly #base: URL;

  constructor(options: BoxClientOptions) {
    const { transport } = options;
    this.#options = options;
    this.#base = new URL("url" in transport ? transport.url : "http://box");
    const settings = { keepAlive: true, noDelay: true, maxFreeSockets: 16 };
    if (this.#base.protocol === "https:") this.#agent = new TlsAgent(settings);
    else this.#agent = "socketPath" in transport ? new SocketAgent(transport, settings) : new Agent(settings);
  }

  /** Ends every connection. */
  close(): void {
    this.#agent.destroy();
  }

  /** A reply of JSON, checked. */
  async json<S extends z.ZodType>(call: BoxCall, schema: S): Promise<z.output<S>> {
    const response = await this.send(call);
    const bytes = await this.#bytesOf(response, call, maxReplyBytes);
    return this.#parse(schema, bytes.toString());
  }

  /** A reply of lines of JSON, checked. Leaving the loop ends the call. */
  async *lines<S extends z.ZodType>(call: BoxCall, schema: S): AsyncGenerator<z.output<S>, void, undefined> {
    const response = await this.send(call);
    const lines = linesOf(this.#pieces(response, call), maxLineBytes);
    for await (const line of lines) yield this.#parse(schema, line);
  }

  /** A reply of bytes. Leaving the loop ends the call. */
  async *bytes(call: BoxCall): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#pieces(await this.send(call), call);
  }

  /** Resolves with the head of a reply that is no error. The body is the caller's to read. */
  async send(call: BoxCall): Promise<IncomingMessage> {
    const { body, signal } = call;
    await this.#untilCallable(signal);
    const undo = [signal, this.#options.ended].map((each) => {
      each?.throwIfAborted();
      const stop = (): void => {
        fail(each?.reason);
      };
      each?.addEventListener("abort", stop);
      return () => each?.removeEventListener("abort", stop);
    });
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (this.#base.protocol === "https:" ? httpsRequest : httpRequest)(this.#requestOptions(call));
    const fail = (reason: unknown): void => {
      reject(reason);
      request.destroy();
    };
    request.once("response", resolve);
    request.on("error", reject);
    request.once("close", () => {
      for (const each of undo) each();
    });
    if (body === undefined || typeof body === "string" || body instanceof Uint8Array) request.end(body);
    else {
      pipeline(Readable.from(body, { objectMode: false }), request).catch((thrown: unknown) => {
        fail(thrown); // Too late for a reply that is there already.
      });
    }
    try {
      const response = await promise;
      if ((response.statusCode ?? 500) >= 400) throw await this.#refusal(response, call);
      return response;
    } catch (thrown) {
      throw await this.#failure(thrown, signal);
    }
  }

  /** A connection to a port in the box. */
  async connect(port: number, signal: AbortSignal | undefined): Promise<BoxConnection> {
    const { ended } = this.#options;
    await this.#untilCallable(signal);
    for (const each of [signal, ended]) each?.throwIfAborted();
    const { href, protocol } = this.#base;
    const url = `${href.replace(/\/$/, "").replace(/^http/, "ws")}/ports/${port}`;
    const socket = new WebSocket(url, {
      agent: this.#agent,
      headers: this.#headers(),
      perMessageDeflate: false,
      ...(protocol === "https:" && { servername: this.#base.hostname }),
    });
    const { promise, resolve, reject } = Promise.withResolvers<BoxConnection>();
    const undo = [signal, ended].map((each) => {
      const stop = (): void => {
        reject(each?.reason);
        socket.terminate();
      };
      each?.addEventListener("abort", stop);
      return () => each?.removeEventListener("abort", stop);
    });
    socket.on("error", reject);
    socket.once("unexpected-response", (request, response: IncomingMessage) => {
      this.#refusal(response, {})
        .then(reject, reject)
        .finally(() => request.destroy());
    });
    socket.once("open", () => {
      resolve(new BoxConnection(socket));
    });
    try {
      return await promise;
    } catch (thrown) {
      throw await this.#failure(thrown, signal);
    } finally {
      for (const each of undo) each();
    }
  }

  async #untilCallable(signal: AbortSignal | undefined): Promise<void> {
    const { callable } = this.#options;
    if (callable !== undefined) await untilAborted(callable(), signal);
  }

  #requestOptions({ method, path, body }: BoxCall): RequestOptions {
    const { hostname, port, pathname } = this.#base;
    const length =
      typeof body === "string" ? Buffer.byteLength(body) : body instanceof Uint8Array ? body.length : undefined;
    const type = typeof body === "string" ? "application/json" : "application/octet-stream";
    return {
      method,
      hostname: hostname.replace(/^\[|\]$/g, ""),
      ...(port !== "" && { port }),
      path: pathname.replace(/\/$/, "") + path,
      agent: this.#agent,
      headers: {
        ...this.#headers(),
        ...(body !== undefined && { "content-type": type }),
        ...(length !== undefined && { "content-length": length }),
      },
    };
  }

  #headers(): OutgoingHttpHeaders {
    const { transport, headers } = this.#options;
    return { ...headers?.(), ...(transport.token !== undefined && { authorization: `Bearer ${transport.token}` }) };
  }

  async *#pieces(response: IncomingMessage, { signal }: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* response as AsyncIterable<Buffer>;
    } catch (thrown) {
      throw await this.#failure(thrown, signal);
    }
  }

  async #bytesOf(response: IncomingMessage, options: CallOptions, maxBytes: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this.#pieces(response, options)) {
      size += piece.length;
      if (size > maxBytes)
        throw new RuntimeError("payload_too_large", `The box's reply is larger than ${maxBytes} bytes.`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  async #refusal(response: IncomingMessage, options: CallOptions): Promise<RuntimeError> {
    const text = (await this.#bytesOf(response, options, maxReplyBytes)).toString();
    const status = response.statusCode ?? 500;
    const parsed = errorReplySchema.safeParse(toJson(text));
    if (parsed.success) {
      const { code, message, details = {} } = parsed.data.error;
      return RuntimeError.fromInfo({ code, message, details });
    }
    // Something between us and the box.
    return new RuntimeError(errorCodeFromHttpStatus(status), `The box was not reached: HTTP status ${status}.`);
  }

  /** What a call rejects with: the reason of whoever stopped it, an error of ours, or that the box is lost. */
  async #failure(thrown: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const { ended, explain, id } = this.#options;
    for (const each of [signal, ended]) if (each?.aborted === true) return each.reason;
    if (!isLoss(thrown)) return thrown;
    const lost = new RuntimeError("unavailable", `The box of sandbox ${id} cannot be reached: it may have ended.`, {
      cause: thrown,
    });
    return explain === undefined ? lost : explain(lost);
  }

  #parse<S extends z.ZodType>(schema: S, text: string): z.output<S> {
    const parsed = schema.safeParse(toJson(text));
    if (parsed.success) return parsed.data;
    const message = `The box of sandbox ${this.#options.id} speaks another protocol: use images of this version.`;
    throw new RuntimeError("unavailable", message, { cause: parsed.error });
  }
}

const lostCodes: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOENT",
  "ENOTFOUND",
  "EHOSTUNREACH",
  "ETIMEDOUT",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

/** Whether an error of Node says that the other side is not there, or not any more. */
export function isLoss(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && "code" in thrown && lostCodes.has(thrown.code);
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
