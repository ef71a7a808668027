import type { ErrorCode } from "./error-code.ts";

const statusOf: Readonly<Record<ErrorCode, number>> = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  payload_too_large: 413,
  resource_exhausted: 429,
  canceled: 499,
  internal: 500,
  unimplemented: 501,
  unavailable: 503,
  deadline_exceeded: 504,
};

const codeOf: ReadonlyMap<number, ErrorCode> = new Map([
  ...Object.entries(statusOf).map(([code, status]) => [status, code as ErrorCode] as const),
  // What others answer with: Request Timeout, Gone, Precondition Failed, Bad Gateway.
  [408, "deadline_exceeded"],
  [410, "not_found"],
  [412, "conflict"],
  [502, "unavailable"],
]);

/** The HTTP status an error code travels as. 499 (the caller went away) follows nginx; the others are RFC 9110's. */
export function httpStatusFromErrorCode(code: ErrorCode): number {
  return statusOf[code];
}

/** The nearest error code of an HTTP status of 400 or more, for answers that did not come from this runtime. */
export function errorCodeFromHttpStatus(status: number): ErrorCode {
  return codeOf.get(status) ?? (status < 500 ? "invalid_argument" : "internal");
}
