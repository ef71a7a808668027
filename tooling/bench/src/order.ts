/** What the workload app is told to do; see `apps/workload`. */
export interface Order {
  /** How many pieces of text. */
  readonly tokens: number;
  /** How long to wait before each. Default 0. */
  readonly intervalMs?: number;
}

/** The body of `POST /process` that carries an order. */
export function orderBody(order: Order): string {
  return JSON.stringify({ input: [{ role: "user", content: [{ type: "text", text: JSON.stringify(order) }] }] });
}
