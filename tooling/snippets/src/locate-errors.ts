import type { Snippet } from "./extract-snippets.ts";

const complaint = /^(.+)\((\d+),(\d+)\): (.*)$/;

/**
 * What `tsc --pretty false` printed, with each place in a snippet's file replaced by its place in the page. `snippets` are
 * by the name of their file, as the compiler prints it.
 */
export function locateErrors(output: string, snippets: ReadonlyMap<string, Snippet>): string {
  return output
    .split(/\r?\n/)
    .map((text) => located(text, snippets))
    .join("\n");
}

function located(text: string, snippets: ReadonlyMap<string, Snippet>): string {
  const [, file = "", line, column, what] = complaint.exec(text) ?? [];
  const snippet = snippets.get(file);
  if (snippet === undefined) return text;
  // The compiler may complain about the end of a file, which is behind its last line.
  const at = snippet.lines[Number(line) - 1] ?? snippet.lines.at(-1);
  return `${snippet.page}:${at?.line ?? snippet.line}:${column} ${what}`;
}
