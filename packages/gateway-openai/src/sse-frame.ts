/** One server-sent event, named by its type as the Responses API does. */
export function toEventFrame(type: string, json: string): string {
  return `event: ${type}\ndata: ${json}\n\n`;
}

/** One server-sent event without a name, as Chat Completions sends its chunks. */
export function toDataFrame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** What ends every stream of OpenAI's protocols. */
export const doneFrame = "data: [DONE]\n\n";
