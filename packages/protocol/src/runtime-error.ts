import { z } from "zod";
import { errorCodeSchema } from "./error-code.ts";
import type { ErrorCode } from "./error-code.ts";

/** An error on the wire. `code` is a string, because a Python runtime sends codes that are not ours. */
export const errorInfoSchema = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});

export type ErrorInfo = z.infer<typeof errorInfoSchema>;

export interface RuntimeErrorOptions {
  /** Facts a program can use: the field's path, the limit, the expected version. They reach the caller. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** What led to this. It never reaches the caller. */
  readonly cause?: unknown;
}

const brand: unique symbol = Symbol.for("@agentscope-runtime/protocol.RuntimeError");

/**
 * The one error class of the runtime. Branch on `code`: it survives HTTP, which a subclass does not.
 *
 * `message` and `details` are shown to callers; put nothing secret into them.
 */
export class RuntimeError extends Error {
  override readonly name = "RuntimeError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, options: RuntimeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  /** Works across duplicate copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is RuntimeError {
    return typeof value === "object" && value !== null && brand in value;
  }

  /**
   * Turns anything thrown into a RuntimeError and keeps the original as `cause`.
   *
   * An `AbortError` is `canceled`, a `TimeoutError` is `deadline_exceeded`; everything else is `internal` with a
   * text that says nothing, since an unknown message may hold secrets.
   */
  static from(thrown: unknown): RuntimeError {
    if (RuntimeError.is(thrown)) return thrown;
    // By name: errors of another realm (a vm context, an iframe) fail `instanceof`.
    switch (nameOf(thrown)) {
      case "AbortError":
        return new RuntimeError("canceled", "The operation was canceled.", { cause: thrown });
      case "TimeoutError":
        return new RuntimeError("deadline_exceeded", "The operation took too long.", { cause: thrown });
      default:
        return new RuntimeError("internal", "Internal error.", { cause: thrown });
    }
  }

  /** The error that a wire error stands for. A code that is not ours becomes `internal` and stays in `details.code`. */
  static fromInfo(info: ErrorInfo): RuntimeError {
    const code = errorCodeSchema.safeParse(info.code);
    if (code.success) return new RuntimeError(code.data, info.message, { details: info.details ?? {} });
    return new RuntimeError("internal", info.message, { details: { ...info.details, code: info.code } });
  }

  toJSON(): ErrorInfo {
    return { code: this.code, message: this.message, details: { ...this.details } };
  }
}

function nameOf(thrown: unknown): unknown {
  return typeof thrown === "object" && thrown !== null && "name" in thrown ? thrown.name : undefined;
}
