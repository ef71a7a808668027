import type { Message } from "@agentscope-runtime/protocol";
import type { MastraJson, MastraPartMetadata } from "./mastra-message.ts";

/** What a part of Mastra's does not say itself about the message that it was. */
export interface MessageNote {
  readonly id: string;
  readonly type: Message["type"];
  readonly role: Message["role"];
  readonly metadata: Message["metadata"];
  /** The message's place among those of one turn: calls stand before their answers, which are one part here. */
  readonly at: number;
  /** What a part, a call or an output has besides its text or bytes, where the part of Mastra's has no room for it. */
  readonly rest?: Readonly<Record<string, unknown>>;
  /** The name of the field that the bytes or the URL stood in. */
  readonly field?: string;
  /** The bytes stood there as bare base64, without `data:`. */
  readonly bare?: boolean;
  /** The text of arguments or of an output, where it is not what writing the value as JSON gives. */
  readonly text?: string | null;
}

export interface PartNote {
  /** Of the part; of a call. */
  readonly note: MessageNote;
  /** Of the output that answers the call. */
  readonly output?: MessageNote;
  /** Nobody has answered the call: what stands there was made up for the model. */
  readonly filler?: true;
}

const key = "agentscope";

/** Notes as metadata of a part, next to what else stands there. */
export function withNote(note: PartNote, metadata: MastraPartMetadata = {}): MastraPartMetadata {
  // Notes hold what came as JSON.
  return { ...metadata, [key]: note as unknown as Record<string, MastraJson> };
}

/** The notes of a part that was once ours; undefined for one of Mastra's own. */
export function noteOf(part: { readonly providerMetadata?: unknown }): PartNote | undefined {
  const metadata = part.providerMetadata;
  if (typeof metadata !== "object" || metadata === null || !(key in metadata)) return undefined;
  const note = metadata[key];
  // Only `withNote` writes there.
  return typeof note === "object" && note !== null && "note" in note ? (note as PartNote) : undefined;
}
