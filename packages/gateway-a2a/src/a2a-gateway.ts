import { notesIn } from "@agentscope-runtime/core";
import type { Gateway, GatewayHost, OpenGateway, Route } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { OnDisconnect } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { AgentCard, CardFacts } from "./agent-card.ts";
import { CardDesk } from "./card-desk.ts";
import type { ExtendCard } from "./card-desk.ts";
import { cardRoutes } from "./card-routes.ts";
import type { Binding } from "./binding.ts";
import { createGuard } from "./guarded-request.ts";
import { answerRpc, envelopeSchema, toRpcErrorReply } from "./json-rpc.ts";
import { legacyRestRoutes } from "./legacy-rest-routes.ts";
import type { Operations } from "./operations.ts";
import { PushDesk } from "./push-desk.ts";
import type { MessageRequest } from "./request-schemas.ts";
import { Registration } from "./registration.ts";
import type { Registry } from "./registry.ts";
import { restRoutes } from "./rest-routes.ts";
import { createSigner } from "./signing-key.ts";
import type { Signer, SigningKey } from "./signing-key.ts";
import { TaskDesk } from "./task-desk.ts";
import type { ReplyKind } from "./task-desk.ts";
import { TaskShelf } from "./task-shelf.ts";

export interface PushOptions {
  /** Hosts that may be told although they are not on the public internet. Default none. */
  readonly allowedHosts?: readonly string[];
  /** Milliseconds that one notification may take. Default 10,000. */
  readonly timeoutMs?: number;
  /** Asks each URL to repeat a secret (`?validationToken=`) before it is told anything. Default false. */
  readonly challenge?: boolean;
}

export interface A2aGatewayOptions {
  /** Where JSON-RPC and HTTP+JSON are. Default "/a2a". */
  readonly path?: string;
  /** Where clients find the app, such as "https://agents.example.com". Default: what each request says in `Host`. */
  readonly url?: string;
  /** What the cards say; for several agents, by name. What is left out is the app's name, description and agents. */
  readonly card?: CardFacts | ((agent: string) => CardFacts);
  /** How long clients may keep a card, in seconds. Default 300. */
  readonly cardMaxAgeSeconds?: number;
  /** Makes the extended card, for callers whom the app's `authenticate` knows. Default: there is none. */
  readonly extendCard?: ExtendCard;
  /** Signs cards and push notifications; its public half is at `/.well-known/jwks.json`. It needs `url`. */
  readonly signing?: SigningKey;
  /** Push notifications. Default: on, to hosts on the public internet; false turns them off. */
  readonly push?: PushOptions | false;
  /** Whether a message is answered by a task or, when nothing has to be asked, by a message alone. Default "task". */
  readonly reply?: ReplyKind | ((message: MessageRequest) => ReplyKind);
  /** Besides JSON-RPC and HTTP+JSON, such as `grpcBinding` of `./grpc`. */
  readonly bindings?: readonly Binding[];
  /** Where the cards are registered while the app is ready. They need `url`. */
  readonly registries?: readonly Registry[];
  /** What happens to a task when nobody follows it any more. Default "continue": a task does not end with a connection. */
  readonly onDisconnect?: OnDisconnect;
  /** Tells reasoning and tools too, as messages of the state «working». Default false: agents are opaque to each other. */
  readonly showWork?: boolean;
}

const resultSchema = z.looseObject({ jsonrpc: z.literal("2.0"), id: z.union([z.string(), z.number(), z.null()]) });

/**
 * A2A 1.0 and 0.3 at the door, both on `/a2a`: JSON-RPC and, below it, HTTP+JSON; cards at `/.well-known/agent-card.json`.
 *
 * A task is a run, its id the run's, and a context is a session of the caller's. Every agent has the same below
 * `/agents/:agent`.
 *
 * @example
 * ```ts
 * const app = new AgentApp({ query, gateways: [a2aGateway({ card: { description: "Knows the weather." } })] });
 * ```
 */
export function a2aGateway(options: A2aGatewayOptions = {}): Gateway {
  const desks = new Map<GatewayHost, Operations>();
  return {
    name: "a2a",
    routes: (host) => {
      const operations = operationsOf(host, options);
      desks.set(host, operations);
      return routesOf(host, operations, options);
    },
    open: (host) => openGateway(host, desks.get(host), options),
  };
}

function operationsOf(host: GatewayHost, options: A2aGatewayOptions): Operations {
  const {
    path = "/a2a",
    url,
    card = {},
    extendCard,
    push: pushOptions = {},
    reply = "task",
    bindings = [],
    showWork = false,
    onDisconnect = "continue",
  } = options;
  const { runs, logger } = host;
  const notes = notesIn(runs.state);
  const signer = signerOf(options);
  const shelf = new TaskShelf({ runs, notes, showWork });
  const push =
    pushOptions === false
      ? undefined
      : new PushDesk({
          runs,
          shelf,
          notes,
          logger,
          guard: createGuard(pushOptions),
          challenge: pushOptions.challenge ?? false,
          sign: signer && (async (receiver, taskId) => signer.notification(receiver, taskId)),
        });
  const replyKind = typeof reply === "function" ? reply : (): ReplyKind => reply;
  return {
    shelf,
    push,
    tasks: new TaskDesk({ runs, shelf, push, showWork, onDisconnect, replyKind }),
    cards: new CardDesk({
      host,
      path,
      url,
      bindings,
      factsOf: typeof card === "function" ? card : () => card,
      pushNotifications: push !== undefined,
      extend: extendCard,
      signer,
    }),
  };
}

function signerOf({ signing, url, registries = [] }: A2aGatewayOptions): Signer | undefined {
  if (url === undefined && (signing !== undefined || registries.length > 0)) {
    const message = "Invalid A2A options: url: a card that is signed or registered has to say where the app is.";
    throw new RuntimeError("invalid_argument", message, { details: { field: "url" } });
  }
  return signing === undefined ? undefined : createSigner(signing, url ?? "");
}

function routesOf(host: GatewayHost, operations: Operations, options: A2aGatewayOptions): readonly Route[] {
  const { path = "/a2a", cardMaxAgeSeconds = 300 } = options;
  const { maxBodyBytes } = host;
  return [
    ...["", "/agents/:agent"].flatMap((prefix): Route[] => [
      {
        method: "POST",
        path: `${prefix}${path}`,
        doc: { summary: "A2A's JSON-RPC, 1.0 and 0.3.", tag: "a2a", body: envelopeSchema, reply: resultSchema },
        handle: async (request) => answerRpc(request, { operations, maxBodyBytes }),
        errorReply: toRpcErrorReply,
      },
      ...restRoutes(`${prefix}${path}`, { operations, maxBodyBytes }),
      ...legacyRestRoutes(`${prefix}${path}`, { operations, maxBodyBytes }),
    ]),
    ...cardRoutes(operations.cards, cardMaxAgeSeconds),
  ];
}

function openGateway(
  host: GatewayHost,
  operations: Operations | undefined,
  { registries = [], bindings = [], url = "" }: A2aGatewayOptions,
): OpenGateway {
  const { runs, logger } = host;
  const cards = async (): Promise<readonly AgentCard[]> =>
    Promise.all(operations === undefined ? [] : runs.agents.map(async (agent) => operations.cards.cardAt(agent, url)));
  const registrations = registries.map((registry) => new Registration({ registry, cards, logger }));
  const opened = operations === undefined ? [] : bindings.map((binding) => binding.open(operations, host));
  return {
    leave: async () => {
      await Promise.all([...registrations, ...opened].map(async (each) => each.leave()));
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of opened) await each[Symbol.asyncDispose]();
      await operations?.push?.[Symbol.asyncDispose]();
    },
  };
}
