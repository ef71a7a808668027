import { isObject, sourceContent } from "@agentscope-runtime/core/adapter";
import type { ContentInput } from "@agentscope-runtime/protocol";

/** The pages that a text of the model's names, as `data` parts: `{ type: "source", source_type: "url", url, title }`. */
export function sourcesOf(providerData: Readonly<Record<string, unknown>> | undefined): ContentInput[] {
  const annotations = providerData?.["annotations"];
  if (!Array.isArray(annotations)) return [];
  return annotations.flatMap((annotation: unknown) => {
    const citation = citationOf(annotation);
    if (typeof citation?.["url"] !== "string") return [];
    const { url, title } = citation;
    return [sourceContent({ sourceType: "url", url, title: typeof title === "string" ? title : undefined })];
  });
}

/** Responses write the page into the annotation, chat completions one level deeper. */
function citationOf(annotation: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(annotation) || annotation["type"] !== "url_citation") return undefined;
  const inner = annotation["url_citation"];
  return isObject(inner) ? inner : annotation;
}
