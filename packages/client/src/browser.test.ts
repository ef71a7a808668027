import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** What the files that are shipped of a package import besides one another. */
function importsOf(source: string): readonly string[] {
  const files = globSync("**/*.ts", { cwd: source, exclude: ["**/*.test.ts", "testing/**"] });
  const texts = files.map((file) => readFileSync(resolve(source, file), "utf8"));
  const specifiers = texts.flatMap((text) =>
    Array.from(text.matchAll(/(?:\bfrom|\bimport\(?)\s*"([^"]+)"/g), ([, specifier = ""]) => specifier),
  );
  return [...new Set(specifiers)].filter((specifier) => !specifier.startsWith("./")).toSorted();
}

describe("the client in a browser", () => {
  it("imports nothing of Node's, nor does what it is built on", () => {
    expect(importsOf(import.meta.dirname)).toEqual(["@agentscope-runtime/protocol", "zod"]);
    expect(importsOf(resolve(import.meta.dirname, "../../protocol/src"))).toEqual(["eventsource-parser", "zod"]);
  });
});
