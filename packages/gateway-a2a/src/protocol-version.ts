import type { RouteRequest } from "@agentscope-runtime/core";
import { a2aError } from "./a2a-error.ts";

export type ProtocolVersion = "1.0" | "0.3";

/** What a request says in `A2A-Version`, header or query; nothing means 0.3. Patch numbers do not matter. */
export function versionOf(request: Asking): ProtocolVersion {
  const asked = givenBy(request).replace(/^(\d+\.\d+)\.\d+$/, "$1");
  if (asked === "") return "0.3";
  if (asked === "1.0" || asked === "0.3") return asked;
  throw a2aError("VERSION_NOT_SUPPORTED", `A2A ${asked.slice(0, 20)} is not spoken here: send A2A-Version 1.0 or 0.3.`);
}

/** Whether a request says a version at all: only clients of 0.3 do not. */
export function saysVersion(request: Asking): boolean {
  return givenBy(request) !== "";
}

type Asking = Pick<RouteRequest, "http" | "query">;

function givenBy({ http, query }: Asking): string {
  return (http.headers["a2a-version"] ?? query.get("A2A-Version") ?? "").trim();
}

/** Throws when a path or a method is of another version than the request says. */
export function assertVersion(actual: ProtocolVersion, needed: ProtocolVersion): void {
  if (actual === needed) return;
  const remedy = needed === "1.0" ? 'send the header "A2A-Version: 1.0"' : "leave the header A2A-Version out";
  throw a2aError("VERSION_NOT_SUPPORTED", `This path is of A2A ${needed}: ${remedy}.`);
}
