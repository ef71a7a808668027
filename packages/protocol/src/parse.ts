import type { z } from "zod";
import { RuntimeError } from "./runtime-error.ts";

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const problemsShown = 20;

/**
 * Parses untrusted input. What is wrong with it goes back to the caller: `invalid_argument`, a message that names the
 * first bad field, and up to 20 issues as `details.issues: { path, message }[]`.
 *
 * @param what - names the input in the message, such as "request"
 */
export function parse<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues
    .slice(0, problemsShown)
    .flatMap(problemsOf)
    .slice(0, problemsShown)
    .map(({ path, message }) => ({ path: path.map(String).join("."), message }));
  const text = issues.slice(0, 1).map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
  throw new RuntimeError("invalid_argument", `Invalid ${what}: ${text.join("")}`, { details: { issues } });
}

/** A union's issue says only that nothing fitted; what was wrong is inside of it. */
function problemsOf(issue: z.core.$ZodIssue): readonly Problem[] {
  if (issue.code !== "invalid_union") return [{ path: issue.path, message: plain(issue.message) }];
  if ("options" in issue) {
    return [{ path: issue.path, message: `expected one of ${issue.options.map(quoted).join("|")}` }];
  }
  const branches = issue.errors.map((issues) => issues.flatMap(problemsOf));
  // The branch that got into the value is the one that was meant. If none did, each says what it wanted.
  const meant = branches.find((problems) => problems.some(({ path }) => path.length > 0));
  if (meant !== undefined) return meant.map(({ path, message }) => ({ path: [...issue.path, ...path], message }));
  const wanted = new Set(branches.flatMap((problems) => problems.map(({ message }) => message)));
  return [{ path: issue.path, message: wanted.size > 0 ? [...wanted].join(", or ") : plain(issue.message) }];
}

/** What is wrong, without the "Invalid input" that our own sentence begins with. */
function plain(message: string): string {
  return message.replace(/^Invalid (?:input|option): /, "").replace(/received undefined$/, "received nothing");
}

function quoted(option: unknown): string {
  return typeof option === "string" ? JSON.stringify(option) : String(option);
}
