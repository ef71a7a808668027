import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ErrorCode } from "@agentscope-runtime/protocol";

interface Failure {
  readonly code: ErrorCode;
  /** What callers are told. Never words of the provider: they may hold keys, addresses and prompts. */
  readonly message: string;
}

/** One error of a chain, with the fields that the SDK, its providers and Node put on theirs. */
interface Link {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly type?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly isRetryable?: unknown;
  readonly functionality?: unknown;
  readonly responseBody?: unknown;
  readonly data?: unknown;
  readonly error?: unknown;
  readonly lastError?: unknown;
  readonly cause?: unknown;
}

const unavailable: Failure = { code: "unavailable", message: "The model is not available." };
const exhausted: Failure = { code: "resource_exhausted", message: "The model's rate limit or quota is used up." };
const late: Failure = { code: "deadline_exceeded", message: "The model took too long." };
const tooLong: Failure = { code: "invalid_argument", message: "The messages are longer than the model can read." };
const refused: Failure = { code: "invalid_argument", message: "The model's provider refuses what the messages say." };
const unfit: Failure = { code: "invalid_argument", message: "The model cannot be given these messages." };
const unreachableFile: Failure = { code: "invalid_argument", message: "A file of the messages cannot be downloaded." };
const rejected: Failure = { code: "internal", message: "The model's provider rejected the request." };

/** Errors of the SDK that say all by their name. */
const failureOfName = new Map<unknown, Failure>([
  ["AI_DownloadError", unreachableFile],
  ["AI_InvalidDataContentError", unfit],
  ["AI_InvalidMessageRoleError", unfit],
  ["AI_InvalidPromptError", unfit],
  ["AI_InvalidToolApprovalError", unfit],
  ["AI_InvalidToolApprovalSignatureError", unfit],
  ["AI_MessageConversionError", unfit],
  ["AI_MissingToolResultsError", unfit],
  ["AI_ToolCallNotFoundForApprovalError", unfit],
  ["AI_EmptyResponseBodyError", unavailable],
  ["AI_InvalidResponseDataError", unavailable],
  ["AI_JSONParseError", unavailable],
  ["AI_LoadAPIKeyError", unavailable],
  ["AI_LoadSettingError", unavailable],
  ["AI_NoContentGeneratedError", unavailable],
  ["AI_NoOutputGeneratedError", unavailable],
  ["AI_NoSuchModelError", unavailable],
  ["AI_TypeValidationError", unavailable],
]);

/** Statuses that mean something else to our callers than to the one who called the provider: us. */
const failureOfStatus = new Map<number, Failure>([
  [401, unavailable],
  [402, exhausted],
  [403, unavailable],
  [404, unavailable],
  [408, late],
  [409, unavailable],
  [413, tooLong],
  [429, exhausted],
  [504, late],
]);

const contextLength =
  /context.?(length|window|size)|prompt is too long|too many (input )?tokens|(input|prompt|request).{0,40}(too long|exceeds?.{0,40}tokens)|maximum.{0,40}tokens/i;
const quota = /insufficient.?quota|exceeded your current quota|credit balance|billing/i;
const contentPolicy = /content.?(policy|filter|management)|responsible.?ai|safety/i;

/** For errors that arrive in the middle of a stream and have a type in place of a status. */
const failureOfWord: readonly (readonly [RegExp, Failure])[] = [
  [/rate.?limit|quota|throttl|resource.?exhausted|too.?many.?requests/i, exhausted],
  [/time(d.?)?.?out|deadline/i, late],
  [/overloaded|server.?error|api.?error|internal|unavailable|authentication|permission|api.?key/i, unavailable],
];

const networkCode =
  /^(E(CONN|HOST|NET|PIPE|AI_|NOTFOUND|PROTO|TIMEDOUT)|UND_ERR_|ERR_(SSL|TLS)|CERT_|DEPTH_|UNABLE_TO|SELF_)/;

/**
 * What a failure of the SDK or of the model's provider means to our caller. The original is kept as `cause`.
 *
 * A RuntimeError passes as it is. A provider that refuses our key, is down or cannot be reached is `unavailable`: our
 * caller did nothing wrong. `resource_exhausted` is a rate limit or a quota, `deadline_exceeded` a timeout,
 * `invalid_argument` messages that the model cannot take, `canceled` an abort, `internal` everything else.
 */
export function fromAiSdkError(thrown: unknown): RuntimeError {
  const links = chain(thrown);
  for (const link of links) if (RuntimeError.is(link)) return link;
  for (const link of links) {
    const failure = failureOf(link);
    if (failure !== undefined) return new RuntimeError(failure.code, failure.message, { cause: thrown });
    if (link.name === "AbortError" || link.name === "TimeoutError") return RuntimeError.from(link);
  }
  return RuntimeError.from(thrown);
}

/** The error, and then what it wraps: the last of several tries, its cause, or what a provider sent. */
function chain(thrown: unknown): Link[] {
  const links: Link[] = [];
  let next: unknown = thrown;
  while (isLink(next) && links.length < 8 && !links.includes(next)) {
    links.push(next);
    next = next.lastError ?? next.cause ?? next.error;
  }
  return links;
}

function isLink(value: unknown): value is Link {
  return typeof value === "object" && value !== null;
}

function failureOf(link: Link): Failure | undefined {
  if (link.name === "AI_UnsupportedFunctionalityError") return unsupported(link);
  return failureOfName.get(link.name) ?? failureOfAnswer(link) ?? failureOfNetwork(link);
}

/** `functionality` is a text of the SDK, such as "media type: audio/ogg". */
function unsupported({ functionality }: Link): Failure {
  const what = typeof functionality === "string" ? `: ${functionality}` : "";
  return { code: "invalid_argument", message: `The model does not support this${what}.` };
}

function failureOfAnswer(link: Link): Failure | undefined {
  const status = statusOf(link);
  const words = [...wordsOf(link), ...wordsOf(inner(inner(link.data)?.error))];
  if (status === undefined) return failureOfWords(words);
  const texts = [...words, text(link.message), text(link.responseBody)].join("\n");
  if (status < 500 && quota.test(texts)) return exhausted;
  const known = failureOfStatus.get(status);
  if (known !== undefined || status >= 500) return known ?? unavailable;
  if (contextLength.test(texts)) return tooLong;
  return contentPolicy.test(texts) ? refused : rejected;
}

function statusOf({ statusCode, status }: Link): number | undefined {
  const value = statusCode ?? status;
  return typeof value === "number" && value >= 400 && value < 600 ? value : undefined;
}

function failureOfWords(words: readonly string[]): Failure | undefined {
  const said = words.join("\n");
  if (said === "") return undefined;
  if (contextLength.test(said)) return tooLong;
  return failureOfWord.find(([pattern]) => pattern.test(said))?.[1];
}

function failureOfNetwork({ code, name, isRetryable }: Link): Failure | undefined {
  if (typeof code === "string" && networkCode.test(code)) return /TIMED?_?OUT/.test(code) ? late : unavailable;
  return name === "AI_APICallError" && isRetryable === true ? unavailable : undefined;
}

function inner(value: unknown): Link | undefined {
  return isLink(value) ? value : undefined;
}

/** Codes and types are fixed words; messages are not, and are read only where a status says what they are about. */
function wordsOf(link: Link | undefined): string[] {
  return link === undefined ? [] : [text(link.code), text(link.type)].filter((word) => word !== "");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
