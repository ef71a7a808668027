import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpRequest } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";

/** Lets only those in who know the token. How long it takes says nothing about how much of it was right. */
export function assertToken(token: string | undefined, { headers }: HttpRequest): void {
  if (token === undefined) return;
  const given = headers["authorization"] ?? "";
  if (timingSafeEqual(hash(given), hash(`Bearer ${token}`))) return;
  throw new RuntimeError("unauthenticated", "The box's token is missing or wrong: send it as a bearer token.");
}

function hash(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
