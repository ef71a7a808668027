import type { ContentInput } from "@agentscope-runtime/protocol";

/** A page or a document that an answer is based on. */
export interface Source {
  readonly sourceType: "url" | "document";
  readonly id?: string | undefined;
  readonly title?: string | undefined;
  /** Of a page. */
  readonly url?: string | undefined;
  /** Of a document. */
  readonly mediaType?: string | undefined;
  readonly filename?: string | undefined;
}

/** The `type` inside the `data` part that carries a source. */
export const sourceDataType = "source";

/** A source as a `data` part: `{ type: "source", source_type, id, title, url | media_type, filename }`, as far as it is known. */
export function sourceContent({ sourceType, id, title, url, mediaType, filename }: Source): ContentInput {
  const where = sourceType === "url" ? { url } : { media_type: mediaType, filename };
  const data = { type: sourceDataType, source_type: sourceType, id, title, ...where };
  return { type: "data", data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) };
}
