import type { z } from "zod";
import { RuntimeError } from "./runtime-error.ts";

const issuesShown = 20;

/**
 * Parses untrusted input. What is wrong with it goes back to the caller: `invalid_argument`, a message that names the
 * first bad field, and up to 20 issues as `details.issues: { path, message }[]`.
 *
 * @param what - names the input in the message, such as "request"
 */
export function parse<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({ path: pathText(issue.path), message: issue.message }));
  const [first] = issues;
  const text = first === undefined ? "" : `${first.path === "" ? "" : `${first.path}: `}${first.message}`;
  throw new RuntimeError("invalid_argument", `Invalid ${what}: ${text}`, {
    details: { issues: issues.slice(0, issuesShown) },
  });
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map(String).join(".");
}
