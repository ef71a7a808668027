import type { ArtifactUpdate, StreamEvent } from "./task.ts";

/**
 * Encodes the events of one task's stream as JSON. Most of them are pieces of text, which differ in their text only: the rest of such
 * an event is written once.
 */
export class StreamEventEncoder {
  #artifactId: string | undefined;
  #head = "";
  #tail = "";

  encode(event: StreamEvent): string {
    if (!("artifactUpdate" in event)) return JSON.stringify(event);
    const text = pieceOf(event.artifactUpdate);
    if (text === undefined) return JSON.stringify(event);
    if (this.#artifactId !== event.artifactUpdate.artifact.artifactId) this.#learn(event.artifactUpdate);
    return this.#head + JSON.stringify(text) + this.#tail;
  }

  #learn(update: ArtifactUpdate): void {
    const { artifact } = update;
    // Inside a string these quotes would be escaped.
    const empty = '"parts":[]';
    const json = JSON.stringify({ artifactUpdate: { ...update, artifact: { ...artifact, parts: [] } } });
    const at = json.indexOf(empty);
    this.#artifactId = artifact.artifactId;
    this.#head = `${json.slice(0, at)}"parts":[{"text":`;
    this.#tail = `}]${json.slice(at + empty.length)}`;
  }
}

/** The text of an update that is nothing but more of an artifact's text. */
function pieceOf({ append, lastChunk, artifact }: ArtifactUpdate): string | undefined {
  const [part] = artifact.parts;
  if (append !== true || lastChunk !== undefined) return undefined;
  if (part?.text === undefined || artifact.parts.length !== 1) return undefined;
  if (Object.keys(part).length !== 1 || Object.keys(artifact).length !== 2) return undefined;
  return part.text;
}
