import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Command, ExecLimits, ExecOptions } from "../exec.ts";

/** What a command has to keep to. */
export interface ExecTerms {
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  readonly limits: ExecLimits;
  readonly env: Readonly<Record<string, string>>;
}

const defaultTimeoutMs = 60_000;
const defaultOutputBytes = 16 * 1024 * 1024;
/** Longer ones overflow the timers of JavaScript. */
const longestMs = 2 ** 31 - 1;

/** `invalid_argument` for what makes no sense, with the field's name. */
export function parseExecOptions(command: Command | string, options: ExecOptions): ExecTerms {
  const {
    timeoutMs = defaultTimeoutMs,
    maxOutputBytes = defaultOutputBytes,
    limits = {},
    env = {},
    cwd = "",
  } = options;
  parseAmount("timeoutMs", timeoutMs, longestMs);
  parseAmount("maxOutputBytes", maxOutputBytes, Number.MAX_SAFE_INTEGER);
  for (const name of ["cpuSeconds", "memoryBytes", "fileBytes"] as const) {
    const amount = limits[name];
    if (amount !== undefined) parseAmount(`limits.${name}`, amount, Number.MAX_SAFE_INTEGER);
  }
  for (const [name, value] of Object.entries(env)) {
    if (name === "" || /[=\0]/.test(name)) throw refusal("env", `${JSON.stringify(name)} is no variable's name`);
    if (value.includes("\0")) throw refusal(`env.${name}`, "a value has no NUL");
  }
  if (cwd.includes("\0")) throw refusal("cwd", "a path has no NUL");
  const words = typeof command === "string" ? [command] : command;
  if (words[0] === "") throw refusal("command", "name a program");
  if (words.some((word) => word.includes("\0"))) throw refusal("command", "an argument has no NUL");
  return { timeoutMs, maxOutputBytes, limits, env };
}

/** `invalid_argument` unless it is a number above zero, and at most `most`. */
export function parseAmount(field: string, amount: number, most: number): number {
  if (amount > 0 && amount <= most) return amount;
  throw refusal(field, `give a number above 0, at most ${most}`);
}

function refusal(field: string, remedy: string): RuntimeError {
  return new RuntimeError("invalid_argument", `Invalid ${field}: ${remedy}.`, { details: { field } });
}
