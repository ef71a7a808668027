import type { ContentInput } from "@agentscope-runtime/protocol";

/** A source that the model cites, in the words of both APIs. */
export interface Annotation {
  readonly type?: string;
  readonly url?: string;
  readonly title?: string | null;
  readonly file_id?: string;
  readonly filename?: string | null;
  /** Chat completions put it one level deeper. */
  readonly url_citation?: Annotation;
}

/** A source as a `data` part: `{ type: "source", source_type, url | id, title | filename }`. Nothing for what names none. */
export function annotationContent(annotation: Annotation): ContentInput[] {
  const { url, title, file_id: fileId, filename } = annotation.url_citation ?? annotation;
  if (url !== undefined) return [source({ source_type: "url", url, ...(title ? { title } : {}) })];
  if (fileId === undefined) return [];
  return [source({ source_type: "document", id: fileId, ...(filename ? { filename } : {}) })];
}

function source(fields: Record<string, unknown>): ContentInput {
  return { type: "data", data: { type: "source", ...fields } };
}
