/** What is to be known of a client of 2025 on every replica, so that none has to remember it. */
export interface McpSession {
  readonly id: string;
  /** Whether it can ask its user. */
  readonly elicits: boolean;
}

/** The id of a new session; it says itself what the client can. */
export function newSessionId(elicits: boolean): string {
  return `${crypto.randomUUID()}${elicits ? ".elicits" : ""}`;
}

/** Undefined for an id that this server never gave. */
export function parseSessionId(id: string): McpSession | undefined {
  const isOurs = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.elicits)?$/.test(id);
  return isOurs ? { id, elicits: id.endsWith(".elicits") } : undefined;
}
