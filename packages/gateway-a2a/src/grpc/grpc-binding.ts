import { once } from "node:events";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { Metadata, Server, ServerCredentials } from "@grpc/grpc-js";
import type {
  sendUnaryData,
  ServerUnaryCall,
  ServerWritableStream,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { GatewayHost, HttpRequest, OpenGateway } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { a2aError } from "../a2a-error.ts";
import { activated } from "../begin-task.ts";
import type { Binding } from "../binding.ts";
import { callerOf } from "../caller.ts";
import { methods } from "../methods.ts";
import type { Method } from "../methods.ts";
import type { Call, Operations } from "../operations.ts";
import { codecs } from "./codecs.ts";
import { toServiceError } from "./to-service-error.ts";

export interface GrpcBindingOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** Default "127.0.0.1". */
  readonly host?: string;
  /** Where clients find it, as cards say it: `agents.example.com:50051`. Default host and port. */
  readonly url?: string;
  /** TLS. Default none, for loopback and for proxies that end TLS. */
  readonly credentials?: ServerCredentials;
  /** Told the port once it listens. */
  readonly onListening?: (port: number) => void;
}

/**
 * A2A 1.0 over gRPC, on a port of its own. Requests name an agent, where there are several, in `tenant`, as its card says.
 * Identity comes from the app's `authenticate`, which is shown the metadata as headers.
 *
 * @example
 * ```ts
 * a2aGateway({ bindings: [grpcBinding({ port: 50_051 })] });
 * ```
 */
export function grpcBinding(options: GrpcBindingOptions): Binding {
  const { host = "127.0.0.1", url } = options;
  let { port } = options;
  const onListening = (bound: number): void => {
    port = bound;
    options.onListening?.(bound);
  };
  return {
    interfaceOf: (agent) => ({
      url: url ?? `${host}:${port}`,
      protocolBinding: "GRPC",
      protocolVersion: "1.0",
      tenant: agent,
    }),
    open: (operations, gatewayHost) => open({ ...options, onListening }, operations, gatewayHost),
  };
}

function open(
  { port, host = "127.0.0.1", credentials = ServerCredentials.createInsecure(), onListening }: GrpcBindingOptions,
  operations: Operations,
  gatewayHost: GatewayHost,
): OpenGateway {
  const { maxBodyBytes, logger } = gatewayHost;
  const server = new Server({ "grpc.max_receive_message_length": maxBodyBytes });
  server.addService(A2AService, serviceOf(operations, gatewayHost));
  server.bindAsync(`${host}:${port}`, credentials, (error, bound) => {
    if (error === null) onListening?.(bound);
    else logger.error({ err: error, port }, `gRPC cannot listen on ${host}:${port}: choose another port.`);
  });
  return {
    // Calls that are under way end with their runs.
    leave: async () => new Promise((resolve) => server.tryShutdown(() => resolve())),
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
    },
  };
}

type UnaryCall = ServerUnaryCall<unknown, unknown>;
type StreamCall = ServerWritableStream<unknown, unknown>;

function serviceOf(operations: Operations, host: GatewayHost): UntypedServiceImplementation {
  const handlers = Object.entries(methods).map(([name, method]): [string, UntypedHandleCall] => [
    name.charAt(0).toLowerCase() + name.slice(1),
    method.kind === "call"
      ? (call: UnaryCall, answer: sendUnaryData<unknown>) => {
          answerOne({ name, method, operations, host }, call).then(
            (result) => {
              answer(null, result);
            },
            (thrown: unknown) => {
              answer(toServiceError(thrown));
            },
          );
        }
      : (call: StreamCall) => {
          answerMany({ name, method, operations, host }, call).then(
            () => call.end(),
            (thrown: unknown) => call.emit("error", toServiceError(thrown)),
          );
        },
  ]);
  return Object.fromEntries(handlers);
}

interface Answering<Kind extends Method["kind"]> {
  readonly name: string;
  readonly method: Extract<Method, { kind: Kind }>;
  readonly operations: Operations;
  readonly host: GatewayHost;
}

async function answerOne({ name, method, operations, host }: Answering<"call">, call: UnaryCall): Promise<unknown> {
  const { params, asked, codec } = await admit(name, { operations, host }, call);
  return codec.fromJson(await method.call(operations, params, asked));
}

async function answerMany({ name, method, operations, host }: Answering<"stream">, call: StreamCall): Promise<void> {
  const { params, asked, codec } = await admit(name, { operations, host }, call);
  for await (const batch of await method.stream(operations, params, asked)) {
    let hasRoom = true;
    for (const event of batch) hasRoom = call.write(codec.fromJson(event));
    if (!hasRoom) await once(call, "drain", { signal: asked.caller.signal });
  }
}

/** Who calls, which agent, and what; the extensions that hold are told at once. */
async function admit(
  name: string,
  { operations, host }: { readonly operations: Operations; readonly host: GatewayHost },
  call: UnaryCall | StreamCall,
): Promise<{ readonly params: unknown; readonly asked: Call; readonly codec: (typeof codecs)[string] }> {
  const codec = codecs[name];
  if (codec === undefined) throw a2aError("METHOD_NOT_FOUND", `There is no operation ${name}.`);
  const http = httpOf(name, call);
  const version = http.headers["a2a-version"] ?? "1.0";
  if (!/^1\.0(\.\d+)?$/.test(version)) {
    throw a2aError("VERSION_NOT_SUPPORTED", `A2A ${version.slice(0, 20)} is not spoken over gRPC: send 1.0.`);
  }
  const identity = await host.identify(http);
  const { tenant = "", ...params } = codec.toJson(call.request) as { readonly tenant?: string };
  const agent = operations.cards.agent(tenant === "" ? undefined : tenant);
  const caller = callerOf({ http, identity }, agent);
  const metadata = new Metadata();
  if (caller.extensions.length > 0) {
    const active = activated(await operations.cards.card(agent, http), caller.extensions);
    if (active.length > 0) metadata.set("a2a-extensions", active.join(","));
  }
  call.sendMetadata(metadata);
  return { params, asked: { caller, http }, codec };
}

/** A call as the app's `authenticate` and the card know requests. */
function httpOf(name: string, call: UnaryCall | StreamCall): HttpRequest {
  const hungUp = new AbortController();
  call.on("cancelled", () => {
    hungUp.abort(new RuntimeError("canceled", "The caller has hung up."));
  });
  const headers: Record<string, string> = {};
  for (const [key, value] of Object.entries(call.metadata.getMap())) {
    if (typeof value === "string") headers[key] = value;
  }
  headers["host"] ??= call.getHost();
  return {
    method: "POST",
    path: `/lf.a2a.v1.A2AService/${name}`,
    search: "",
    headers,
    signal: hungUp.signal,
    readJson: async () => noBody(),
    readBytes: noBody,
  };
}

function noBody(): never {
  throw new RuntimeError("unimplemented", "A call of gRPC has no body.");
}
