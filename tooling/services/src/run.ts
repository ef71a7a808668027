import { spawn } from "node:child_process";
import type { Command } from "./server-kind.ts";

/** Runs a program to its end; what it said stands in the error when it failed. */
export async function run({ file, args, user }: Command): Promise<void> {
  const child = spawn(file, args, { ...user, cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${file} ended with ${code ?? "a signal"}:\n${said}`));
    });
  });
}
