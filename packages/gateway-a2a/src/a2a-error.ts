import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ErrorCode } from "@agentscope-runtime/protocol";

/** How one kind of error is told over each binding. */
interface ErrorKind {
  /** Of a `RuntimeError`. */
  readonly code: ErrorCode;
  /** Of JSON-RPC. */
  readonly rpc: number;
  /** Of HTTP+JSON. */
  readonly http: number;
  /** Of google.rpc, by name. */
  readonly status: string;
}

const kinds = {
  TASK_NOT_FOUND: { code: "not_found", rpc: -32001, http: 404, status: "NOT_FOUND" },
  TASK_NOT_CANCELABLE: { code: "conflict", rpc: -32002, http: 400, status: "FAILED_PRECONDITION" },
  PUSH_NOTIFICATION_NOT_SUPPORTED: { code: "unimplemented", rpc: -32003, http: 400, status: "FAILED_PRECONDITION" },
  UNSUPPORTED_OPERATION: { code: "unimplemented", rpc: -32004, http: 400, status: "FAILED_PRECONDITION" },
  CONTENT_TYPE_NOT_SUPPORTED: { code: "invalid_argument", rpc: -32005, http: 400, status: "INVALID_ARGUMENT" },
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: { code: "unimplemented", rpc: -32007, http: 400, status: "FAILED_PRECONDITION" },
  EXTENSION_SUPPORT_REQUIRED: { code: "invalid_argument", rpc: -32008, http: 400, status: "FAILED_PRECONDITION" },
  VERSION_NOT_SUPPORTED: { code: "invalid_argument", rpc: -32009, http: 400, status: "FAILED_PRECONDITION" },
  PARSE_ERROR: { code: "invalid_argument", rpc: -32700, http: 400, status: "INVALID_ARGUMENT" },
  INVALID_REQUEST: { code: "invalid_argument", rpc: -32600, http: 400, status: "INVALID_ARGUMENT" },
  METHOD_NOT_FOUND: { code: "not_found", rpc: -32601, http: 404, status: "NOT_FOUND" },
  INVALID_PARAMS: { code: "invalid_argument", rpc: -32602, http: 400, status: "INVALID_ARGUMENT" },
} as const satisfies Readonly<Record<string, ErrorKind>>;

export type A2aErrorReason = keyof typeof kinds;

/** What the protocol has no kind for: the HTTP status says it, in every binding. */
const others: Readonly<Record<ErrorCode, Omit<ErrorKind, "code">>> = {
  invalid_argument: kinds.INVALID_PARAMS,
  unauthenticated: { rpc: -32600, http: 401, status: "UNAUTHENTICATED" },
  permission_denied: { rpc: -32600, http: 403, status: "PERMISSION_DENIED" },
  not_found: { rpc: -32600, http: 404, status: "NOT_FOUND" },
  method_not_allowed: { rpc: -32600, http: 405, status: "UNIMPLEMENTED" },
  conflict: { rpc: -32600, http: 409, status: "ABORTED" },
  payload_too_large: { rpc: -32600, http: 413, status: "OUT_OF_RANGE" },
  resource_exhausted: { rpc: -32603, http: 429, status: "RESOURCE_EXHAUSTED" },
  canceled: { rpc: -32603, http: 499, status: "CANCELLED" },
  internal: { rpc: -32603, http: 500, status: "INTERNAL" },
  unimplemented: kinds.UNSUPPORTED_OPERATION,
  unavailable: { rpc: -32603, http: 503, status: "UNAVAILABLE" },
  deadline_exceeded: { rpc: -32603, http: 504, status: "DEADLINE_EXCEEDED" },
};

/** An error of A2A. */
export function a2aError(reason: A2aErrorReason, message: string, cause?: unknown): RuntimeError {
  return new RuntimeError(kinds[reason].code, message, { details: { a2a: reason }, cause });
}

/** google.rpc.ErrorInfo. */
interface ErrorInfo {
  readonly "@type": "type.googleapis.com/google.rpc.ErrorInfo";
  readonly reason: string;
  readonly domain: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An error in A2A's words, whichever binding tells it. */
export interface A2aFault extends Omit<ErrorKind, "code"> {
  readonly message: string;
  readonly info: ErrorInfo;
  /** Whether it is one of the protocol's own, which JSON-RPC tells with HTTP's 200. */
  readonly own: boolean;
}

export function toFault(error: RuntimeError): A2aFault {
  const { a2a: given, field } = error.details;
  const reason = isReason(given) ? given : error.code === "invalid_argument" ? "INVALID_PARAMS" : undefined;
  const { rpc, http, status } = reason === undefined ? others[error.code] : kinds[reason];
  const info: ErrorInfo = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason: reason ?? error.code.toUpperCase(),
    domain: reason === undefined ? "agentscope-runtime" : "a2a-protocol.org",
    ...(typeof field === "string" ? { metadata: { field } } : {}),
  };
  return { rpc, http, status, message: error.message, info, own: reason !== undefined };
}

function isReason(value: unknown): value is A2aErrorReason {
  return typeof value === "string" && Object.hasOwn(kinds, value);
}
