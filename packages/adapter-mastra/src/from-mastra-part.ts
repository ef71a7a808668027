import type { ContentInput } from "@agentscope-runtime/protocol";
import { citedSource, customContent, generatedFile } from "./generated-content.ts";
import type { MastraFile, MastraSource } from "./mastra-chunk.ts";
import type { MessageNote } from "./runtime-note.ts";

interface Noted {
  readonly providerMetadata?: unknown;
}

/** The parts of a kept message that are read, with the fields that are read. */
export type KeptPart = Noted &
  (
    | { readonly type: "text"; readonly text: string }
    | {
        readonly type: "reasoning";
        readonly reasoning?: string;
        readonly details?: readonly { readonly text?: string }[];
      }
    | ({ readonly type: "file" } & MastraFile)
    | { readonly type: "source"; readonly source: MastraSource }
    | ({ readonly type: "source-document"; readonly sourceId: string } & Pick<MastraSource, "title" | "filename"> & {
          readonly mediaType?: string;
        })
    | { readonly type: `data-${string}`; readonly data: unknown; readonly id?: string }
    | {
        readonly type: "tool-invocation";
        readonly toolInvocation: {
          readonly state: string;
          readonly toolCallId: string;
          readonly toolName: string;
          readonly args?: unknown;
          readonly result?: unknown;
          readonly isError?: boolean;
          readonly errorText?: string;
          readonly approval?: { readonly reason?: string };
        };
      }
    | { readonly type: "step-start" | "error" }
  );

/** What a part says, as a part of a message; undefined when it says nothing. */
export function contentOf(
  part: Exclude<KeptPart, { type: "tool-invocation" }>,
  note: MessageNote | undefined,
): ContentInput | undefined {
  switch (part.type) {
    case "text":
      return textContent(part.text, note);
    case "reasoning": {
      const text = part.reasoning || (part.details ?? []).map((detail) => detail.text ?? "").join("");
      return text === "" ? undefined : textContent(text, note);
    }
    case "file":
      return note?.field === undefined ? generatedFile(part) : ownFile(part, note, note.field);
    case "source":
      return citedSource({ ...part.source, sourceType: "url" });
    case "source-document": {
      const { sourceId: id, mediaType: mimeType, title, filename } = part;
      return citedSource({ id, sourceType: "document", mimeType, title, filename });
    }
    case "step-start":
    case "error":
      return undefined;
    default:
      return "data" in part ? dataContent(part, note) : undefined;
  }
}

function textContent(text: string, note: MessageNote | undefined): ContentInput {
  switch (note?.rest?.["type"]) {
    case "refusal":
      return { type: "refusal", refusal: text };
    case "data":
      // `toMastraParts` wrote it.
      return { type: "data", data: JSON.parse(text) as Record<string, unknown> };
    default:
      return { type: "text", text };
  }
}

function ownFile({ data }: MastraFile, note: MessageNote, field: string): ContentInput {
  const url = String(data);
  const value = note.bare === true ? url.slice(url.indexOf(",") + 1) : url;
  // `toMastraParts` took it apart so.
  return { ...note.rest, [field]: value } as unknown as ContentInput;
}

function dataContent(
  part: { readonly type: `data-${string}`; readonly data: unknown; readonly id?: string },
  note: MessageNote | undefined,
): ContentInput {
  return note === undefined ? customContent(part) : { type: "data", data: part.data as Record<string, unknown> };
}
