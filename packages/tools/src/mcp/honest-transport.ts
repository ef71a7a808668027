import { isJSONRPCRequest, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { JSONRPCMessage } from "@modelcontextprotocol/client";

/** The code of an answer that will never come. */
export const answerLost = -32_050;

/**
 * Streamable HTTP that tells of an answer whose stream broke for good. Whoever waits for it would wait until the time is over
 * otherwise.
 */
export class HonestTransport extends StreamableHTTPClientTransport {
  override async send(...[message, options]: Parameters<StreamableHTTPClientTransport["send"]>): Promise<void> {
    const onRequestStreamEnd = (): void => {
      if (!Array.isArray(message)) this.#tellLost(message);
    };
    await super.send(message, { onRequestStreamEnd, ...options });
  }

  /** Of an answer that came before, nobody hears: it is waited for no more. */
  #tellLost(message: JSONRPCMessage): void {
    if (!isJSONRPCRequest(message)) return;
    const error = { code: answerLost, message: "The stream of the answer broke." };
    this.onmessage?.({ jsonrpc: "2.0", id: message.id, error });
  }
}
