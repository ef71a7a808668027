import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";

const dataSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("url"),
    url: z.union([
      z.string(),
      z.custom<URL>((value) => Object.prototype.toString.call(value) === "[object URL]").transform(String),
    ]),
  }),
  z.object({ type: z.literal("data"), data: z.unknown() }),
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("reference"), reference: z.record(z.string(), z.string()) }),
]);
const referenceSchema = z.record(z.string(), z.string());

interface Place {
  /** A URL; "" when only the provider has the file. */
  readonly url: string;
  readonly providerReference?: Record<string, string>;
}

/** Where a file of the model's messages is, in any of the forms that AI SDK 6 and 7 take: bytes, base64, a URL, a provider's id. */
export function toDataUrl(data: unknown, mediaType: string): Place {
  const inline = (base64: string): Place => ({ url: `data:${mediaType};base64,${base64}` });
  // Base64 has no colon, every URL has one.
  if (typeof data === "string") return data.includes(":") ? { url: data } : inline(data);
  if (ArrayBuffer.isView(data)) {
    return inline(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"));
  }
  if (Object.prototype.toString.call(data) === "[object ArrayBuffer]") {
    return inline(Buffer.from(data as ArrayBuffer).toString("base64")); // Also one of another realm.
  }
  if (Object.prototype.toString.call(data) === "[object URL]") return { url: String(data) };
  const { data: tagged } = dataSchema.safeParse(data);
  switch (tagged?.type) {
    case "url":
      return { url: tagged.url };
    case "data":
      return toDataUrl(tagged.data, mediaType);
    case "text":
      return inline(Buffer.from(tagged.text).toString("base64"));
    case "reference":
      return { url: "", providerReference: tagged.reference };
    case undefined:
      break;
  }
  const { data: reference } = referenceSchema.safeParse(data);
  if (reference !== undefined) return { url: "", providerReference: reference };
  throw new RuntimeError("invalid_argument", "A file's data are neither bytes nor base64 nor a URL.");
}
