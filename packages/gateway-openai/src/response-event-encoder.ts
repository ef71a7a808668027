import type { ResponseEvent } from "./response-story.ts";

/**
 * Encodes the events of one response as JSON. Most of them are pieces of text, which differ in their number and their text only:
 * the rest of such an event is written once.
 */
export class ResponseEventEncoder {
  #like: ResponseEvent | undefined;
  #head = "";
  #tail = "";

  encode(event: ResponseEvent): string {
    if (typeof event["delta"] !== "string") return JSON.stringify(event);
    if (!this.#isLike(event)) this.#learn(event);
    return `${this.#head}${event.sequence_number},"delta":${JSON.stringify(event["delta"])}${this.#tail}`;
  }

  #isLike(event: ResponseEvent): boolean {
    const like = this.#like;
    return (
      like?.type === event.type &&
      like["item_id"] === event["item_id"] &&
      like["content_index"] === event["content_index"] &&
      like["summary_index"] === event["summary_index"]
    );
  }

  #learn(event: ResponseEvent): void {
    const { type, sequence_number: _number, delta: _delta, ...rest } = event;
    this.#like = event;
    this.#head = `{"type":${JSON.stringify(type)},"sequence_number":`;
    this.#tail = `,${JSON.stringify(rest).slice(1)}`;
  }
}
