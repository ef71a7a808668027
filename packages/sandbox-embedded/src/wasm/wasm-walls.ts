import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { BubblewrapWalls } from "../bubblewrap/bubblewrap-walls.ts";

/** Walls around a box's program, which sees its own files of the host's and those of the libraries beside it. */
export async function openWasmWalls(bwrap: string | undefined, program: string): Promise<BubblewrapWalls> {
  const library = realpathSync(createRequire(program).resolve("just-bash"));
  const readOnly = [...new Set([dirname(dirname(program)), library].map(modulesAbove))];
  return BubblewrapWalls.open({ bwrap, node: undefined, readOnly, limitsProcesses: false });
}

/** The outermost `node_modules`, since packages find each other there; else the directory itself. */
function modulesAbove(path: string): string {
  const parts = path.split(sep);
  const index = parts.indexOf("node_modules");
  return index < 0 ? path : parts.slice(0, index + 1).join(sep);
}
