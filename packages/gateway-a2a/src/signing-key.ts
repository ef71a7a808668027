import { RuntimeError } from "@agentscope-runtime/protocol";
import type { JWK } from "jose";
import type { AgentCard, AgentCardSignature } from "./agent-card.ts";

export interface SigningKey {
  /** The private key as a JWK: P-256, P-384, Ed25519 or RSA. */
  readonly key: Readonly<Record<string, unknown>>;
  /** What its public half is known by. Default: the key's `kid`. */
  readonly keyId?: string;
}

/** Proves that cards and notifications are the app's. */
export interface Signer {
  /** Puts a signature on the card of A2A 1.0. */
  card(card: AgentCard): Promise<AgentCard>;
  /** The signature of any other document: of its canonical JSON (RFC 8785), without its field `signatures`. */
  document(document: object): Promise<AgentCardSignature>;
  /** A JWT for the receiver of a notification. */
  notification(url: string, taskId: string): Promise<string>;
  /** The public half of the key, as a JWK set. */
  readonly keys: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
}

const notificationSeconds = 300;

/** `invalid_argument` when the key cannot sign. */
export function createSigner({ key, keyId }: SigningKey, url: string): Signer {
  const kid = keyId ?? key["kid"];
  const alg = algorithmOf(key);
  if (typeof kid !== "string" || kid === "") throw wrong("give it an id: `keyId`, or `kid` in the key");
  if (typeof key["d"] !== "string") throw wrong("give the private key, as a JWK");
  const privateKey = { ...key, alg, kid } as JWK; // Whether it is a whole one, the first signature tells.
  const issuer = url.replace(/\/+$/, "");
  const header = { alg, kid, typ: "JOSE", jku: `${issuer}/.well-known/jwks.json` };
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, key_ops: _ops, ...publicKey } = privateKey;
  return {
    keys: { keys: [{ ...publicKey, use: "sig" }] },
    card: async (card) => {
      // The SDK is large, and only a card that is signed needs it.
      const { AgentCard: codec, generateAgentCardSignature } = await import("@a2a-js/sdk");
      const signed = await generateAgentCardSignature(privateKey, header)(codec.fromJSON(card));
      // Without the fields that are not signed since they say nothing, so that every verifier sees the same card.
      return codec.toJSON(signed) as AgentCard; // ProtoJSON of a card is one.
    },
    document: async (document) => {
      const { FlattenedSign } = await import("jose");
      const { signatures: _signatures, ...rest } = document as Record<string, unknown>;
      const payload = new TextEncoder().encode(canonicalJson(rest));
      const { protected: head = "", signature } = await new FlattenedSign(payload)
        .setProtectedHeader(header)
        .sign(privateKey);
      return { protected: head, signature };
    },
    notification: async (receiver, taskId) => {
      const { SignJWT } = await import("jose");
      return new SignJWT({ task_id: taskId })
        .setProtectedHeader({ ...header, typ: "JWT" })
        .setIssuer(issuer)
        .setAudience(new URL(receiver).origin)
        .setIssuedAt()
        .setExpirationTime(`${notificationSeconds}s`)
        .setJti(crypto.randomUUID())
        .sign(privateKey);
    },
  };
}

const algorithms: Readonly<Record<string, string>> = { "P-256": "ES256", "P-384": "ES384", Ed25519: "EdDSA" };

function algorithmOf({ alg, kty, crv }: Readonly<Record<string, unknown>>): string {
  if (typeof alg === "string") return alg;
  const known = kty === "RSA" ? "RS256" : algorithms[typeof crv === "string" ? crv : ""];
  if (known === undefined) throw wrong("use a key of P-256, P-384, Ed25519 or RSA");
  return known;
}

function wrong(remedy: string): RuntimeError {
  return new RuntimeError("invalid_argument", `Invalid A2A options: signing: ${remedy}.`, {
    details: { field: "signing" },
  });
}

/** RFC 8785: keys in the order of their UTF-16 units, no white space, numbers as JavaScript writes them. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = fields.toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(",")}}`;
}
