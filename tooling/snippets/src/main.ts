// Type-checks every `ts` block of the documentation. Says what is wrong, and where in the page; exits 1 if anything is.
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { extractSnippets } from "./extract-snippets.ts";
import { locateErrors } from "./locate-errors.ts";

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "AGENTS.md",
  "docs/**/*.md",
  "packages/*/README.md",
  "tooling/*/README.md",
];
const root = fileURLToPath(new URL("../../../", import.meta.url));
const out = fileURLToPath(new URL("../.out/", import.meta.url));
const project = fileURLToPath(new URL("../tsconfig.snippets.json", import.meta.url));
const compiler = join(root, "node_modules/typescript/bin/tsc");

const found = globSync(pages, { cwd: root })
  .toSorted()
  .flatMap((page) => extractSnippets(page, readFileSync(join(root, page), "utf8")));
/** By the name of the file that each is written to. */
const snippets = new Map(found.map((snippet) => [`${snippet.page}-${snippet.line}.ts`, snippet]));

rmSync(out, { recursive: true, force: true });
for (const [file, { lines }] of snippets) {
  const path = join(out, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, lines.map(({ text }) => `${text}\n`).join(""));
}

const { status, stdout, stderr, error } = spawnSync(
  process.execPath,
  [compiler, "--project", project, "--pretty", "false"],
  { cwd: out, encoding: "utf8" },
);
if (error !== undefined) throw error;
if (status !== 0) process.stderr.write(`${locateErrors(stdout, snippets)}${stderr}`);
console.log(`${snippets.size} snippets, ${status === 0 ? "all of them compile" : "some do not compile"}`);
process.exitCode = status === 0 ? 0 : 1;
