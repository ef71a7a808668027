import { RuntimeError } from "@agentscope-runtime/protocol";
import { isObject } from "./is-object.ts";
import { modelFailures } from "./model-failure.ts";
import type { ModelFailure } from "./model-failure.ts";

/** One error of a chain, with the fields that clients of models and Node put on theirs. */
interface Link {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly type?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly status_code?: unknown;
  readonly responseBody?: unknown;
  readonly data?: unknown;
  readonly error?: unknown;
  readonly lastError?: unknown;
  readonly cause?: unknown;
}

const { unavailable, exhausted, late, tooLong, refused, unfit, rejected } = modelFailures;

/** Statuses that mean something else to our callers than to the one who called the provider: us. */
const failureOfStatus = new Map<number, ModelFailure>([
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
const failureOfWord: readonly (readonly [RegExp, ModelFailure])[] = [
  [contextLength, tooLong],
  [/rate.?limit|quota|throttl|resource.?exhausted|too.?many.?requests/i, exhausted],
  [/time(d.?)?.?out|deadline/i, late],
  [/policy|content.?filter/i, refused],
  [/image|invalid.?prompt/i, unfit],
  [/overloaded|server.?error|api.?error|internal.?error|unavailable|authentication|permission|api.?key/i, unavailable],
];

const networkCode =
  /^(E(CONN|HOST|NET|PIPE|AI_|NOTFOUND|PROTO|TIMEDOUT)|UND_ERR_|ERR_(SSL|TLS)|CERT_|DEPTH_|UNABLE_TO|SELF_)/;

/** Errors that clients of providers tell by their name alone. */
const failureOfName = new Map<unknown, ModelFailure>([
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
 *
 * `ownFailure` is for the errors that only one framework throws. It is asked first, about the error and about each one that it wraps.
 */
export function fromModelError(
  thrown: unknown,
  ownFailure: (error: object) => ModelFailure | undefined = () => undefined,
): RuntimeError {
  const links = chain(thrown);
  for (const link of links) if (RuntimeError.is(link)) return link;
  for (const link of links) {
    const failure = ownFailure(link) ?? failureOf(link);
    if (failure !== undefined) return new RuntimeError(failure.code, failure.message, { cause: thrown });
    // Clients name their own abort so.
    if (nameOf(link) === "APIUserAbortError") {
      return new RuntimeError("canceled", "The operation was canceled.", { cause: thrown });
    }
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

function failureOf(link: Link): ModelFailure | undefined {
  return failureOfName.get(nameOf(link)) ?? failureOfAnswer(link) ?? failureOfNetwork(link);
}

/** OpenAI's client leaves `name` at "Error"; its classes have names. */
function nameOf(link: Link): unknown {
  if (link.name !== undefined && link.name !== "Error") return link.name;
  return (link as { readonly constructor?: { readonly name?: unknown } }).constructor?.name;
}

function failureOfAnswer(link: Link): ModelFailure | undefined {
  const status = statusOf(link);
  const words = [...wordsOf(link), ...wordsOf(sentError(link))];
  if (status === undefined) return failureOfWords(words.join("\n"));
  const texts = [...words, link.message, link.responseBody].filter((text) => typeof text === "string").join("\n");
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

/** What the provider sent, where a client keeps it as `data`. */
function sentError({ data }: Link): Link {
  const error = isObject(data) ? data["error"] : undefined;
  return isLink(error) ? error : {};
}

/** Codes and types are fixed words; messages are not, and are read only where a status says what they are about. */
function wordsOf({ code, type }: Link): string[] {
  return [code, type].filter((word): word is string => typeof word === "string" && !networkCode.test(word));
}

function failureOfWords(said: string): ModelFailure | undefined {
  return said === "" ? undefined : failureOfWord.find(([pattern]) => pattern.test(said))?.[1];
}

function failureOfNetwork({ code }: Link): ModelFailure | undefined {
  if (typeof code !== "string" || !networkCode.test(code)) return undefined;
  return /TIMED?_?OUT/.test(code) ? late : unavailable;
}
