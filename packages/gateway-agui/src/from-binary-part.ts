import { isObject } from "./is-object.ts";

/** A file as clients from before 1.0 send it, as a part of today; anything else as it is. */
export function fromBinaryPart(part: unknown): unknown {
  if (!isObject(part) || part["type"] !== "binary" || typeof part["mimeType"] !== "string") return part;
  const { mimeType, data, url, id, filename } = part;
  const [kind = ""] = mimeType.split("/", 1);
  return {
    type: ["image", "audio", "video"].includes(kind) ? kind : "document",
    source: sourceOf({ mimeType, data, url, id }),
    ...(filename === undefined ? {} : { metadata: { filename } }),
  };
}

function sourceOf({ mimeType, data, url, id }: Readonly<Record<string, unknown>>): unknown {
  if (data !== undefined && data !== null) return { type: "data", value: data, mimeType };
  if (url !== undefined && url !== null) return { type: "url", value: url, mimeType };
  return { type: "file", value: id, mimeType };
}
