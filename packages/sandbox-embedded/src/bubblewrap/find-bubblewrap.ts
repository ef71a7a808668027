import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { BoxOwner } from "./box-owner.ts";

const run = promisify(execFile);
const timeoutMs = 10_000;
const places = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"];

/** Where bubblewrap is. `unavailable`, with what to do, where it is not, or may not do what it is for. */
export async function findBubblewrap(given: string | undefined, owner: BoxOwner | undefined): Promise<string> {
  if (process.platform !== "linux") throw unavailable(`it needs Linux, and this is ${process.platform}.`);
  const path = [given, ...places].find((place) => place !== undefined && existsSync(place));
  if (path === undefined) throw unavailable("there is no bwrap; install the package bubblewrap.");
  const words = [
    "--unshare-all",
    "--ro-bind",
    "/",
    "/",
    "--size",
    "4096",
    "--tmpfs",
    "/tmp",
    "/bin/sh",
    "-c",
    "exit 0",
  ];
  try {
    await run(path, words, { timeout: timeoutMs, cwd: "/", env: {}, ...owner });
  } catch (thrown) {
    const stderr =
      typeof thrown === "object" && thrown !== null && "stderr" in thrown ? String(thrown.stderr).trim() : "";
    const remedy = "the system may not allow user namespaces, or its bubblewrap be older than 0.8.";
    throw unavailable(`${stderr || "it does not start"}; ${remedy}`, thrown);
  }
  return path;
}

function unavailable(why: string, cause?: unknown): RuntimeError {
  return new RuntimeError("unavailable", `bubblewrap cannot be used: ${why}`, { cause });
}
