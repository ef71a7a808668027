import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** The program of a box: beside this file, which may be bundled. */
export function boxProgram(): string {
  const here = realpathSync(import.meta.filename);
  return here.endsWith(".ts") ? join(dirname(here), "../wasm-box.ts") : join(dirname(here), "wasm-box.js");
}
