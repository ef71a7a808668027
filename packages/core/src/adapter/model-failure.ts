import type { ErrorCode } from "@agentscope-runtime/protocol";

/** What a failure of a model means to our caller. */
export interface ModelFailure {
  readonly code: ErrorCode;
  /** What callers are told. Never words of the provider: they may hold keys, addresses and prompts. */
  readonly message: string;
}

/** The ways in which a model fails. */
export const modelFailures = {
  /** It refuses our key, is down, or cannot be reached: our caller did nothing wrong. */
  unavailable: { code: "unavailable", message: "The model is not available." },
  exhausted: { code: "resource_exhausted", message: "The model's rate limit or quota is used up." },
  late: { code: "deadline_exceeded", message: "The model took too long." },
  tooLong: { code: "invalid_argument", message: "The messages are longer than the model can read." },
  refused: { code: "invalid_argument", message: "The model's provider refuses what the messages say." },
  unfit: { code: "invalid_argument", message: "The model cannot be given these messages." },
  unreachableFile: { code: "invalid_argument", message: "A file of the messages cannot be downloaded." },
  /** The request was wrong, and not the messages in it: a bug of ours. */
  rejected: { code: "internal", message: "The model's provider rejected the request." },
} as const satisfies Readonly<Record<string, ModelFailure>>;
