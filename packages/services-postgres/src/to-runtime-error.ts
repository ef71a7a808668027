import { RuntimeError } from "@agentscope-runtime/protocol";

/** What Node says of a connection that cannot be made or has broken. */
const networkCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT", // A socket file.
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
]);

/** `pg` has no codes for these. */
const networkMessages =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|Cannot use a pool after calling end|Query read timeout|PGlite (instance )?is clos)/i;

/** Another try may succeed, and nothing was written: a transaction gave way to another. */
export function isTransient(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === "40001" || code === "40P01";
}

/** The table or function that a statement is about is not there. */
export function isMissing(thrown: unknown): boolean {
  const code = codeOf(thrown);
  return code === "42P01" || code === "3F000" || code === "42883";
}

/** What a caller can act on, in words that give nothing away. Anything else is a bug and stays what it is. */
export function toRuntimeError(thrown: unknown, driver: string): unknown {
  const code = codeOf(thrown) ?? "";
  const unavailable = (message: string): RuntimeError => new RuntimeError("unavailable", message, { cause: thrown });
  if (networkCodes.has(code) || networkMessages.test(messageOf(thrown)))
    return unavailable(`${driver} cannot be reached.`);
  if (code === "25006") return unavailable(`${driver} is read-only at the moment.`);
  if (code === "42501") {
    return new RuntimeError("permission_denied", `The role that ${driver} is used with lacks a right.`, {
      cause: thrown,
    });
  }
  if (code === "53300") return unavailable(`${driver} has no connection left.`);
  switch (code.length === 5 ? code.slice(0, 2) : "") {
    case "08": // The connection.
    case "28": // Who we say that we are.
    case "57": // An operator, or a restart.
      return unavailable(`${driver} cannot be reached.`);
    case "53": // Disk, memory.
      return unavailable(`${driver} has not enough room.`);
    case "40": // Gave way to other transactions, again and again.
      return unavailable(`${driver} is too busy.`);
    default:
      return thrown;
  }
}

function codeOf(thrown: unknown): string | undefined {
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
  return typeof code === "string" ? code : undefined;
}

function messageOf(thrown: unknown): string {
  return typeof thrown === "object" && thrown !== null && "message" in thrown ? String(thrown.message) : "";
}
