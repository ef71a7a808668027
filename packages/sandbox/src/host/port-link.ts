import { createHmac, timingSafeEqual } from "node:crypto";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";

/** Who opens which port of which sandbox, and until when. */
export interface PortLink {
  readonly owner: string;
  readonly sandboxId: string;
  readonly port: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const partsSchema = z.tuple([z.string(), z.string(), z.number(), z.number()]);

/** A text that stands for the link, in characters that a path takes, and that only who knows the secret can make. */
export function signPortLink({ owner, sandboxId, port, expiresAt }: PortLink, secret: string): string {
  const said = Buffer.from(JSON.stringify([owner, sandboxId, port, expiresAt])).toString("base64url");
  return `${said}.${signatureOf(said, secret)}`;
}

/** `not_found` for a link that was not signed with this secret, and for one whose time is over. */
export function parsePortLink(token: string, secret: string, now: number): PortLink {
  const [said = "", signature = ""] = token.split(".");
  const expected = Buffer.from(signatureOf(said, secret));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw unknownLink();
  const [owner, sandboxId, port, expiresAt] = partsSchema.parse(JSON.parse(Buffer.from(said, "base64url").toString()));
  if (expiresAt <= now) throw unknownLink();
  return { owner, sandboxId, port, expiresAt };
}

function signatureOf(said: string, secret: string): string {
  return createHmac("sha256", secret).update(said).digest("base64url");
}

function unknownLink(): RuntimeError {
  return new RuntimeError("not_found", "This link opens nothing, or its time is over: ask for another.");
}
