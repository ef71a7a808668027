export { a2aGateway } from "./a2a-gateway.ts";

export type { A2aGatewayOptions, PushOptions } from "./a2a-gateway.ts";
export type {
  AgentCapabilities,
  AgentCard,
  AgentCardSignature,
  AgentExtension,
  AgentInterface,
  AgentProvider,
  AgentSkill,
  CardFacts,
  SecurityRequirement,
  SecurityScheme,
} from "./agent-card.ts";
export type { ExtendCard } from "./card-desk.ts";
export type { ReplyKind } from "./task-desk.ts";
