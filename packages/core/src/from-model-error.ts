import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ErrorCode } from "@agentscope-runtime/protocol";

interface Failure {
  readonly code: ErrorCode;
  /** What callers are told. Never words of the provider: they may hold keys, addresses and prompts. */
  readonly message: string;
}

/** One error of a chain, with the fields that clients of models and Node put on theirs. */
interface Link {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly type?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly status_code?: unknown;
  readonly cause?: unknown;
  readonly error?: unknown;
}

const unavailable: Failure = { code: "unavailable", message: "The model is not available." };
const exhausted: Failure = { code: "resource_exhausted", message: "The model's rate limit or quota is used up." };
const late: Failure = { code: "deadline_exceeded", message: "The model took too long." };
const tooLong: Failure = { code: "invalid_argument", message: "The messages are longer than the model can read." };
const refused: Failure = { code: "invalid_argument", message: "The model's provider refuses what the messages say." };
const unfit: Failure = { code: "invalid_argument", message: "The model cannot be given these messages." };
const rejected: Failure = { code: "internal", message: "The model's provider rejected the request." };

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

/** For errors that arrive in the middle of a stream and have a word in place of a status. */
const failureOfWord: readonly (readonly [RegExp, Failure])[] = [
  [contextLength, tooLong],
  [/rate.?limit|quota|throttl|resource.?exhausted|too.?many.?requests/i, exhausted],
  [/time(d.?)?.?out|deadline/i, late],
  [/policy|content.?filter/i, refused],
  [/image|invalid.?prompt/i, unfit],
  [/overloaded|server.?error|api.?error|unavailable|authentication|permission|api.?key/i, unavailable],
];

const networkCode =
  /^(E(CONN|HOST|NET|PIPE|AI_|NOTFOUND|PROTO|TIMEDOUT)|UND_ERR_|ERR_(SSL|TLS)|CERT_|DEPTH_|UNABLE_TO|SELF_)/;

/** Errors that clients of providers tell by their name alone. */
const failureOfName = new Map<unknown, Failure>([
  ["APIConnectionError", unavailable],
  ["APIConnectionTimeoutError", late],
]);

/**
 * What a failure of a model, or of the client that asks it, means to our caller. The original is kept as `cause`, and none of the
 * provider's words is told.
 *
 * A RuntimeError passes as it is. A provider that refuses our key, is down or cannot be reached is `unavailable`: our caller
 * did nothing wrong. `resource_exhausted` is a rate limit or a quota, `deadline_exceeded` a timeout, `invalid_argument` messages
 * that the model cannot take, `canceled` an abort, `internal` everything else.
 */
export function fromModelError(thrown: unknown): RuntimeError {
  const links = chain(thrown);
  for (const link of links) if (RuntimeError.is(link)) return link;
  for (const link of links) {
    const failure = failureOf(link);
    if (failure !== undefined) return new RuntimeError(failure.code, failure.message, { cause: thrown });
    // Clients name their own abort so.
    if (nameOf(link) === "APIUserAbortError") {
      return new RuntimeError("canceled", "The operation was canceled.", { cause: thrown });
    }
    if (link.name === "AbortError" || link.name === "TimeoutError") return RuntimeError.from(link);
  }
  return RuntimeError.from(thrown);
}

/** The error, and then what it wraps: its cause, or what a provider sent. */
function chain(thrown: unknown): Link[] {
  const links: Link[] = [];
  let next: unknown = thrown;
  while (isLink(next) && links.length < 8 && !links.includes(next)) {
    links.push(next);
    next = next.cause ?? next.error;
  }
  return links;
}

function isLink(value: unknown): value is Link {
  return typeof value === "object" && value !== null;
}

function failureOf(link: Link): Failure | undefined {
  return failureOfName.get(nameOf(link)) ?? failureOfAnswer(link) ?? failureOfNetwork(link);
}

/** OpenAI's client leaves `name` at "Error"; its classes have names. */
function nameOf(link: Link): unknown {
  if (link.name !== undefined && link.name !== "Error") return link.name;
  return (link as { readonly constructor?: { readonly name?: unknown } }).constructor?.name;
}

function failureOfAnswer(link: Link): Failure | undefined {
  const status = statusOf(link);
  const words = [link.code, link.type].filter((word) => typeof word === "string" && !networkCode.test(word));
  if (status === undefined) return failureOfWords(words.join("\n"));
  const texts = [...words, typeof link.message === "string" ? link.message : ""].join("\n");
  if (status < 500 && quota.test(texts)) return exhausted;
  const known = failureOfStatus.get(status);
  if (known !== undefined || status >= 500) return known ?? unavailable;
  if (contextLength.test(texts)) return tooLong;
  return contentPolicy.test(texts) ? refused : rejected;
}

function statusOf({ status, statusCode, status_code: other }: Link): number | undefined {
  const value = status ?? statusCode ?? other;
  return typeof value === "number" && value >= 400 && value < 600 ? value : undefined;
}

/** Codes and types are fixed words; messages are not, and are read only where a status says what they are about. */
function failureOfWords(said: string): Failure | undefined {
  return said === "" ? undefined : failureOfWord.find(([pattern]) => pattern.test(said))?.[1];
}

function failureOfNetwork({ code }: Link): Failure | undefined {
  if (typeof code !== "string" || !networkCode.test(code)) return undefined;
  return /TIMED?_?OUT/.test(code) ? late : unavailable;
}
