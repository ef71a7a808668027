import type { CallOptions } from "@agentscope-runtime/services";
import type { AgentCard } from "./agent-card.ts";

/**
 * Where agents are found by others. `registryContract` of `@agentscope-runtime/gateway-a2a/testing` is the full text of this
 * contract.
 */
export interface Registry {
  /** For logs: what it is and where. */
  readonly name: string;

  /** Puts a card in the place of one of the same name and version. Rejects when it could not: it is tried again. */
  register(card: AgentCard, options?: CallOptions): Promise<void>;

  /** Takes a card away. Taking away what is not there is not an error. */
  deregister(card: AgentCard, options?: CallOptions): Promise<void>;
}
