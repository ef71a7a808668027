import { errorReply } from "@agentscope-runtime/core";
import type { HttpReply } from "@agentscope-runtime/core";
import type { ErrorCode, RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";

/** An error as OpenAI's clients read it. */
export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  /** The parameter that is wrong. */
  readonly param: string | null;
  readonly code: string;
}

/** For the OpenAPI document. */
export const errorBodySchema = z.object({
  error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }),
});

interface Kind {
  readonly type: string;
  readonly code: string;
}

const kinds: Readonly<Record<ErrorCode, Kind>> = {
  invalid_argument: { type: "invalid_request_error", code: "invalid_value" },
  unauthenticated: { type: "invalid_request_error", code: "invalid_api_key" },
  permission_denied: { type: "request_forbidden", code: "permission_denied" },
  not_found: { type: "invalid_request_error", code: "not_found" },
  method_not_allowed: { type: "invalid_request_error", code: "method_not_allowed" },
  conflict: { type: "invalid_request_error", code: "conflict" },
  payload_too_large: { type: "invalid_request_error", code: "request_too_large" },
  resource_exhausted: { type: "too_many_requests", code: "rate_limit_exceeded" },
  canceled: { type: "request_canceled", code: "canceled" },
  internal: { type: "server_error", code: "server_error" },
  unimplemented: { type: "invalid_request_error", code: "unsupported" },
  unavailable: { type: "server_error", code: "service_unavailable" },
  deadline_exceeded: { type: "server_error", code: "timeout" },
};

/** Fields that are not parameters of a body. */
const noParameters: ReadonlySet<unknown> = new Set(["body", "content-type", "path"]);

/** A `RuntimeError` in OpenAI's words. `details.openAiCode` names a code of its own where one is known. */
export function toOpenAiError({ code, message, details }: RuntimeError): OpenAiError {
  const kind = kinds[code];
  const { field, issues, openAiCode } = details;
  const param = field ?? firstPath(issues);
  return {
    message,
    type: kind.type,
    param: typeof param === "string" && param !== "" && !noParameters.has(param) ? param : null,
    code: typeof openAiCode === "string" ? openAiCode : kind.code,
  };
}

/** The error as a whole reply, with the status of its code. */
export function openAiErrorReply(error: RuntimeError): HttpReply {
  const { status, headers = {} } = errorReply(error);
  const { allowed } = error.details;
  const allow = Array.isArray(allowed) ? { allow: allowed.join(", ") } : {};
  return {
    status,
    headers: { ...headers, ...allow, ...retryHeaders(error) },
    body: { json: { error: toOpenAiError(error) } },
  };
}

/** OpenAI's clients repeat what failed with 409 or 5xx unless they are told not to: an agent that failed would run again. */
function retryHeaders({ code }: RuntimeError): Readonly<Record<string, string>> {
  return code === "unavailable" || code === "resource_exhausted" ? {} : { "x-should-retry": "false" };
}

function firstPath(issues: unknown): unknown {
  const [first] = Array.isArray(issues) ? (issues as readonly { readonly path?: unknown }[]) : [];
  return first?.path;
}
