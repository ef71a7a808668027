import { orderBody } from "../order.ts";
import type { Order } from "../order.ts";

/** A whole HTTP request as bytes, made once and sent many times. */
export function encodeRequest(url: URL, order: Order): Buffer {
  const body = orderBody(order);
  const head = [
    "POST /process HTTP/1.1",
    `host: ${url.host}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}
