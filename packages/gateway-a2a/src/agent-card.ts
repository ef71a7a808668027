/** A2A 1.0's agent card as JSON has it. */
export interface AgentCard {
  readonly name: string;
  readonly description: string;
  readonly supportedInterfaces: readonly AgentInterface[];
  readonly provider?: AgentProvider;
  readonly version: string;
  readonly documentationUrl?: string;
  readonly capabilities: AgentCapabilities;
  readonly securitySchemes?: Readonly<Record<string, SecurityScheme>>;
  readonly securityRequirements?: readonly SecurityRequirement[];
  /** Media types, or ranges of them such as `image/*`. */
  readonly defaultInputModes: readonly string[];
  readonly defaultOutputModes: readonly string[];
  readonly skills: readonly AgentSkill[];
  readonly signatures?: readonly AgentCardSignature[];
  readonly iconUrl?: string;
}

export interface AgentInterface {
  readonly url: string;
  /** `JSONRPC`, `HTTP+JSON` or `GRPC`. */
  readonly protocolBinding: string;
  readonly tenant?: string;
  readonly protocolVersion: string;
}

export interface AgentProvider {
  readonly url: string;
  readonly organization: string;
}

export interface AgentCapabilities {
  readonly streaming?: boolean;
  readonly pushNotifications?: boolean;
  readonly extensions?: readonly AgentExtension[];
  readonly extendedAgentCard?: boolean;
}

export interface AgentExtension {
  readonly uri: string;
  readonly description?: string;
  /** Clients must name it in `A2A-Extensions`. */
  readonly required?: boolean;
  readonly params?: Readonly<Record<string, unknown>>;
}

export interface AgentSkill {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly examples?: readonly string[];
  readonly inputModes?: readonly string[];
  readonly outputModes?: readonly string[];
  readonly securityRequirements?: readonly SecurityRequirement[];
}

export interface SecurityRequirement {
  readonly schemes: Readonly<Record<string, { readonly list?: readonly string[] }>>;
}

/** One of them. */
export interface SecurityScheme {
  readonly apiKeySecurityScheme?: { readonly description?: string; readonly location: string; readonly name: string };
  readonly httpAuthSecurityScheme?: {
    readonly description?: string;
    readonly scheme: string;
    readonly bearerFormat?: string;
  };
  readonly oauth2SecurityScheme?: {
    readonly description?: string;
    readonly flows: Readonly<Record<string, unknown>>;
    readonly oauth2MetadataUrl?: string;
  };
  readonly openIdConnectSecurityScheme?: { readonly description?: string; readonly openIdConnectUrl: string };
  readonly mtlsSecurityScheme?: { readonly description?: string };
}

export interface AgentCardSignature {
  readonly protected: string;
  readonly signature: string;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** What of a card may be given; the rest is what the gateway knows of itself. */
export type CardFacts = Partial<Omit<AgentCard, "supportedInterfaces" | "capabilities" | "signatures">> & {
  readonly extensions?: readonly AgentExtension[];
  /** Where else the agent can be reached, after this gateway's own. */
  readonly interfaces?: readonly AgentInterface[];
};

export interface CardSources {
  readonly agent: string;
  readonly description: string;
  readonly facts: CardFacts;
  /** Where the agent's JSON-RPC and HTTP+JSON are. */
  readonly url: string;
  /** The interfaces of bindings with a port of their own. */
  readonly bindings: readonly AgentInterface[];
  readonly pushNotifications: boolean;
  readonly extendedAgentCard: boolean;
}

const inputModes = ["text/plain", "text/*", "application/json", "application/pdf", "image/*", "audio/*", "video/*"];
const outputModes = ["text/plain", "application/json"];

/** The card of an agent: what the app says of it, and what the gateway can do. */
export function toAgentCard(sources: CardSources): AgentCard {
  const { agent, facts, url, bindings, pushNotifications, extendedAgentCard } = sources;
  const { extensions, interfaces = [], ...given } = facts;
  const description = given.description ?? (sources.description === "" ? `The agent ${agent}.` : sources.description);
  const own = ["1.0", "0.3"].flatMap((protocolVersion) =>
    ["JSONRPC", "HTTP+JSON"].map((protocolBinding) => ({ url, protocolBinding, protocolVersion })),
  );
  return {
    name: agent,
    version: "1.0.0",
    defaultInputModes: inputModes,
    defaultOutputModes: outputModes,
    skills: [{ id: agent, name: given.name ?? agent, description, tags: ["agent"] }],
    ...given,
    description,
    supportedInterfaces: [...own, ...bindings, ...interfaces],
    capabilities: {
      streaming: true,
      pushNotifications,
      extendedAgentCard,
      ...(extensions === undefined ? {} : { extensions }),
    },
  };
}
