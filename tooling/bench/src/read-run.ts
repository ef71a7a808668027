import { orderBody } from "./order.ts";
import type { Order } from "./order.ts";

export interface ReadRun {
  /** Each event in two words, such as `response created` or `content in_progress`. */
  readonly story: readonly string[];
  /** Of the body, without the framing of HTTP. */
  readonly bytes: number;
}

interface WireEvent {
  readonly sequence_number: number;
  readonly object: string;
  readonly status: string;
}

/**
 * Runs an order once and reads the answer in full. Throws unless its events are numbered from 0 without gaps and only
 * the last is a completed response, whose output is all of the text.
 */
export async function readRun(url: string, order: Order, options?: { readonly signal: AbortSignal }): Promise<ReadRun> {
  const answer = await fetch(`${url}/process`, {
    ...options,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: orderBody(order),
  });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`The server answered ${answer.status}: ${body.slice(0, 500)}`);
  const frames = body.split("\n\n").filter((frame) => frame !== "" && !frame.startsWith(":"));
  const events = frames.map((frame) => JSON.parse(frame.slice(frame.indexOf("data: ") + 6)) as WireEvent);
  for (const [index, event] of events.entries()) {
    if (event.sequence_number !== index) throw new Error(`Event ${index} has the number ${event.sequence_number}.`);
  }
  const story = events.map(({ object, status }) => `${object} ${status}`);
  if (story.indexOf("response completed") !== story.length - 1) throw new Error("The run did not end as it should.");
  const text = "tok ".repeat(order.tokens);
  if (!JSON.stringify(events.at(-1)).includes(JSON.stringify(text)))
    throw new Error("The run's output is not its text.");
  return { story, bytes: Buffer.byteLength(body) };
}

/** Reads the same order from several servers and returns the number of events. Throws when they tell it differently. */
export async function readAlike(
  urls: readonly string[],
  order: Order,
  options?: { readonly signal: AbortSignal },
): Promise<number> {
  const runs = await Promise.all(urls.map(async (url) => readRun(url, order, options)));
  const [first, ...others] = runs.map(({ story }) => story);
  if (first === undefined) throw new Error("There is no server to read from.");
  for (const other of others) {
    if (other.join() !== first.join()) {
      throw new Error(`The servers do not send the same events.\n${first.join("\n")}\n\nbut\n\n${other.join("\n")}`);
    }
  }
  return first.length;
}
