import { createHash } from "node:crypto";

/** SQL with numbered parameters. By its name a connection prepares it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export function statement(text: string): Statement {
  const hash = createHash("sha256").update(text).digest("hex");
  return { name: `agentscope_${hash.slice(0, 32)}`, text };
}
