export { a2aGateway } from "./a2a-gateway.ts";
export { fetchA2aTool } from "./a2a-tool.ts";
export { FileRegistry } from "./file-registry.ts";
export { NacosRegistry } from "./nacos-registry.ts";

export type { A2aGatewayOptions, PushOptions } from "./a2a-gateway.ts";
export type { A2aToolInput, A2aToolOptions } from "./a2a-tool.ts";
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
export type { FileRegistryOptions } from "./file-registry.ts";
export type { NacosRegistryOptions } from "./nacos-registry.ts";
export type { Registry } from "./registry.ts";
export type { SigningKey } from "./signing-key.ts";
export type { ReplyKind } from "./task-desk.ts";
