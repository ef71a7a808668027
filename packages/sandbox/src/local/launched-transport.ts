import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { killSpawned } from "./launcher.ts";
import type { Launched } from "./launcher.ts";
import { linesOf } from "../lines-of.ts";

const maxLineBytes = 64 * 1024 * 1024;
const longestComplaint = 500;

/** An MCP server that was launched here, spoken to over its stdin and stdout. */
export class LaunchedTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #launched: Launched;
  readonly #mark: string;
  #complaint = "";

  constructor(launched: Launched, mark: string) {
    this.#launched = launched;
    this.#mark = mark;
    const { child, stderr, stdin, stdout } = launched;
    stderr.on("data", (piece: Buffer) => {
      this.#complaint = (this.#complaint + piece.toString()).slice(-longestComplaint);
    });
    stdin?.on("error", () => undefined); // It exited.
    child.once("exit", () => stdout.destroy());
  }

  /** What it has said last on stderr. */
  get complaint(): string {
    return this.#complaint.trim();
  }

  async start(): Promise<void> {
    void this.#listen();
    await this.#launched.started;
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.#launched.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  async close(): Promise<void> {
    await killSpawned(this.#launched.child, this.#mark);
  }

  async #listen(): Promise<void> {
    try {
      for await (const line of linesOf(this.#launched.stdout as AsyncIterable<Buffer>, maxLineBytes)) {
        // What is no message, such as a log line, is nothing to end it for.
        const message = parseMessage(line);
        if (message !== undefined) this.onmessage?.(message);
      }
    } catch {
      // It was cut off.
    }
    await this.close();
    this.onclose?.();
  }
}

function parseMessage(line: string): JSONRPCMessage | undefined {
  try {
    return JSON.parse(line) as JSONRPCMessage; // The client checks what it gets.
  } catch {
    return undefined;
  }
}
