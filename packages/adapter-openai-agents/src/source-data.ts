import type { ContentInput } from "@agentscope-runtime/protocol";

/** The `type` inside the `data` part that carries a source: a page that the answer is based on. */
export const sourceDataType = "source";

/** The pages that a text of the model's names, as `data` parts: `{ type: "source", source_type: "url", url, title }`. */
export function sourcesOf(providerData: Readonly<Record<string, unknown>> | undefined): ContentInput[] {
  const annotations = providerData?.["annotations"];
  if (!Array.isArray(annotations)) return [];
  return annotations.flatMap((annotation: unknown) => {
    const citation = citationOf(annotation);
    if (typeof citation?.["url"] !== "string") return [];
    const { url, title } = citation;
    const titled = typeof title === "string" ? { title } : {};
    return [{ type: "data" as const, data: { type: sourceDataType, source_type: "url", url, ...titled } }];
  });
}

/** Responses write the page into the annotation, chat completions one level deeper. */
function citationOf(annotation: unknown): Record<string, unknown> | undefined {
  if (!isRecord(annotation) || annotation["type"] !== "url_citation") return undefined;
  const inner = annotation["url_citation"];
  return isRecord(inner) ? inner : annotation;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
