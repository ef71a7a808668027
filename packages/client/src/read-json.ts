import { RuntimeError } from "@agentscope-runtime/protocol";
import { bytesOf } from "./bytes-of.ts";
import { readText } from "./read-text.ts";
import { replyError } from "./reply-error.ts";

export interface ReadJsonOptions {
  /** In characters; a longer body is `payload_too_large`. */
  readonly maxLength: number;
  readonly signal: AbortSignal | undefined;
}

/** A good reply's body as JSON; `internal` when it is none. */
export async function readJson(response: Response, { maxLength, signal }: ReadJsonOptions): Promise<unknown> {
  const type = response.headers.get("content-type") ?? "";
  if (!/^application\/([^;]+\+)?json\b/i.test(type)) throw await replyError(response, signal);
  const { text, cut } = await readText(bytesOf(response, signal), maxLength);
  if (cut) {
    throw new RuntimeError("payload_too_large", `The server's answer is longer than ${maxLength} characters.`, {
      details: { maxLength },
    });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RuntimeError("internal", "The server's answer is not JSON.", { cause });
  }
}
