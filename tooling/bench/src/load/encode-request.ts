import { doorRequest } from "../door-request.ts";
import type { DoorName } from "../door-request.ts";
import type { Order } from "../order.ts";

/** Takes the place of an id of this length in a request that is made once and sent many times. */
const blank = "@".repeat(24);

/** A whole HTTP request as bytes, for a run of some id. */
export function encodeRequest(url: URL, order: Order, door: DoorName = "wire"): (id: string) => Buffer {
  const { path, headers, body } = doorRequest(door, order, blank);
  const head = [
    `POST ${path} HTTP/1.1`,
    `host: ${url.host}`,
    "content-type: application/json",
    ...headers,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  const text = `${head.join("\r\n")}\r\n\r\n${body}`;
  const whole = Buffer.from(text);
  if (!text.includes(blank)) return () => whole;
  return (id) => Buffer.from(text.replaceAll(blank, id.padStart(blank.length, "0")));
}
