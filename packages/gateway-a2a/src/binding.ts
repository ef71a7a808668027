import type { GatewayHost, OpenGateway } from "@agentscope-runtime/core";
import type { AgentInterface } from "./agent-card.ts";
import type { Operations } from "./operations.ts";

/** A binding of the protocol that has a port of its own, such as `grpcBinding` of `./grpc`. */
export interface Binding {
  /** What cards say of it. */
  readonly interfaceOf: (agent: string) => AgentInterface;
  /** Called when the app is ready. It must not wait. */
  readonly open: (operations: Operations, host: GatewayHost) => OpenGateway;
}
