import { createHash } from "node:crypto";

/** A tool of a server, and what it is called there. */
export interface ServerTool {
  readonly server: string;
  readonly name: string;
}

const longestName = 64;

/**
 * The names by which models call tools: the server's own where models take it and nobody else has it, else with the server's
 * name before it.
 */
export function toolNames(tools: readonly ServerTool[], prefix: "collision" | "always"): readonly string[] {
  const plain = tools.map(({ name }) => legal(name));
  const counts = Map.groupBy(plain, (name) => name);
  const given = new Set<string>();
  return tools.map(({ server, name }, index) => {
    const own = plain[index] ?? "";
    const alone = counts.get(own)?.length === 1;
    const wanted = prefix === "collision" && alone ? own : legal(`${server}_${name}`);
    // Two that are still the same differ in what they were made of.
    const unique = given.has(wanted) ? shortened(`${server}_${name}`, JSON.stringify([server, name])) : wanted;
    given.add(unique);
    return unique;
  });
}

function legal(name: string): string {
  const clean = name.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  return clean !== "" && clean.length <= longestName ? clean : shortened(clean, name);
}

function shortened(name: string, of: string): string {
  const digest = createHash("sha256").update(of).digest("hex").slice(0, 8);
  return `${name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, longestName - 9)}_${digest}`;
}
