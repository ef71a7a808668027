import { errorCodeFromHttpStatus, errorCodeSchema, errorInfoSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { ErrorCode } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { bytesOf } from "./bytes-of.ts";
import { readText } from "./read-text.ts";
import { Transient } from "./transient.ts";

/** How much of a page that is no answer of ours is kept. */
const keptLength = 2_000;
const maxErrorLength = 64 * 1024;

const ourErrorSchema = z.object({ error: errorInfoSchema });
/** The Python runtime says `error`, FastAPI in front of it `detail`. */
const plainErrorSchema = z.object({ error: z.string().optional(), detail: z.string().optional() });

/**
 * What a reply that is not an answer stands for: the server's own code, message and details; of anybody else's, such as a
 * proxy's page, the code that is nearest to its status, with `details: { status, body }`.
 */
export async function replyError(response: Response, signal: AbortSignal | undefined): Promise<RuntimeError> {
  const { status } = response;
  // A reply that is good by its status and bad by its body is the server's mistake.
  const code = status < 400 ? "internal" : errorCodeFromHttpStatus(status);
  const body = await bodyOf(response, signal);
  const ours = ourErrorSchema.safeParse(body);
  if (ours.success) return errorOf(ours.data.error, code);
  const { error, detail } = plainErrorSchema.safeParse(body).data ?? {};
  const type = response.headers.get("content-type") ?? "nothing";
  const message = error ?? detail ?? `The server answered ${status} with ${type}.`;
  return new RuntimeError(code, message, { details: { status, body } });
}

/** A code that is not ours stays in the details. */
function errorOf({ code, message, details }: z.output<typeof errorInfoSchema>, nearest: ErrorCode): RuntimeError {
  const known = errorCodeSchema.safeParse(code);
  if (known.success) return new RuntimeError(known.data, message, { details: details ?? {} });
  return new RuntimeError(nearest, message, { details: { ...details, code } });
}

async function bodyOf(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
  const text = await textOf(response, signal);
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, keptLength);
  }
}

/** The status says enough when the rest of the reply is lost. */
async function textOf(response: Response, signal: AbortSignal | undefined): Promise<string> {
  try {
    return (await readText(bytesOf(response, signal), maxErrorLength)).text;
  } catch (thrown) {
    if (thrown instanceof Transient) return "";
    throw thrown;
  }
}
