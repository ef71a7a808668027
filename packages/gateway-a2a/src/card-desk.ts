import type { GatewayHost, HttpRequest, Identity } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { a2aError } from "./a2a-error.ts";
import { toAgentCard } from "./agent-card.ts";
import type { AgentCard, CardFacts } from "./agent-card.ts";
import type { Binding } from "./binding.ts";
import type { Signer } from "./signing-key.ts";
import { toLegacyCardFields } from "./to-legacy.ts";

/** Adds to the public card what is for callers who are known. */
export type ExtendCard = (card: AgentCard, identity: Identity) => AgentCard | Promise<AgentCard>;

export interface CardDeskOptions {
  readonly host: GatewayHost;
  /** Of JSON-RPC and HTTP+JSON, such as "/a2a". */
  readonly path: string;
  /** Where the app is, for those who cannot be told by the request's `Host`. */
  readonly url: string | undefined;
  readonly bindings: readonly Binding[];
  readonly factsOf: (agent: string) => CardFacts;
  readonly pushNotifications: boolean;
  readonly extend: ExtendCard | undefined;
  readonly signer: Signer | undefined;
}

const mostCards = 100;

/** The cards of an app's agents. */
export class CardDesk {
  readonly #options: CardDeskOptions;
  /** By agent and URL. Hosts are what callers say they are, so only so many are remembered. */
  readonly #cards = new Map<string, Promise<AgentCard>>();
  readonly #unions = new WeakMap<AgentCard, Promise<object>>();

  constructor(options: CardDeskOptions) {
    this.#options = options;
  }

  /** The name of one of the app's agents; the first by default. `not_found` when it has none of that name. */
  agent(wanted: string | undefined): string {
    const { agents } = this.#options.host.runs;
    const found = wanted === undefined ? agents[0] : agents.find((agent) => agent === wanted);
    if (found !== undefined) return found;
    throw new RuntimeError("not_found", `There is no agent ${String(wanted)}.`, { details: { field: "agent" } });
  }

  /** Public, and signed where there is a key. */
  async card(wanted: string | undefined, http: HttpRequest): Promise<AgentCard> {
    return this.cardAt(wanted, this.#options.url ?? `http://${http.headers["host"] ?? "localhost"}`);
  }

  /** The same for those who know the app by this URL. */
  async cardAt(wanted: string | undefined, base: string): Promise<AgentCard> {
    const agent = this.agent(wanted);
    const { host, path } = this.#options;
    const isFirst = agent === host.runs.agents[0];
    const url = `${base.replace(/\/+$/, "")}${isFirst ? "" : `/agents/${encodeURIComponent(agent)}`}${path}`;
    const known = this.#cards.get(url);
    if (known !== undefined) return known;
    const card = this.#make(agent, url);
    if (this.#cards.size === mostCards) this.#cards.clear();
    this.#cards.set(url, card);
    card.catch(() => this.#cards.delete(url));
    return card;
  }

  /** What callers who are known may see. */
  async extended(wanted: string | undefined, http: HttpRequest, identity: Identity | undefined): Promise<AgentCard> {
    const { extend, signer } = this.#options;
    if (extend === undefined) throw a2aError("UNSUPPORTED_OPERATION", "The agent has no extended card.");
    if (identity === undefined) {
      throw new RuntimeError("unauthenticated", "The extended card is for callers who are known: authenticate.");
    }
    const { signatures: _signatures, ...card } = await this.card(wanted, http);
    const extended = await extend(card, identity);
    return signer === undefined ? extended : signer.card(extended);
  }

  /** The public card for whoever may speak 0.3 or 1.0: one document with the words of both. */
  async union(wanted: string | undefined, http: HttpRequest): Promise<object> {
    const card = await this.card(wanted, http);
    const union = this.#unions.get(card) ?? this.withLegacy(card);
    this.#unions.set(card, union);
    return union;
  }

  /** The same of any card. */
  async withLegacy(card: AgentCard): Promise<object> {
    const union = { ...card, ...toLegacyCardFields(card) };
    const signature = await this.#options.signer?.document(union);
    // The first is over what 1.0 has of it, the second over all of it.
    return signature === undefined ? union : { ...union, signatures: [...(card.signatures ?? []), signature] };
  }

  /** The keys that verify what is signed; undefined when nothing is. */
  get keys(): Signer["keys"] | undefined {
    return this.#options.signer?.keys;
  }

  async #make(agent: string, url: string): Promise<AgentCard> {
    const { host, bindings, factsOf, pushNotifications, extend, signer } = this.#options;
    const card = toAgentCard({
      agent,
      description: host.description,
      facts: factsOf(agent),
      url,
      bindings: bindings.map(({ interfaceOf }) => interfaceOf(agent)),
      pushNotifications,
      extendedAgentCard: extend !== undefined,
    });
    return signer === undefined ? card : signer.card(card);
  }
}
