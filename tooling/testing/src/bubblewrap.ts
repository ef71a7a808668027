import { execFileSync } from "node:child_process";

/**
 * Registers tests that need bubblewrap. Where there is none, or it may not work, they are skipped, and say so; in CI they fail.
 */
export function describeWithBubblewrap(name: string, register: () => void): void {
  const reason = whyMissing();
  const isSkipped = reason !== undefined && process.env["CI"] === undefined;
  (isSkipped ? describe.skip : describe)(isSkipped ? `${name} (${reason})` : name, register);
}

function whyMissing(): string | undefined {
  try {
    execFileSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "/bin/sh", "-c", "exit 0"], { stdio: "pipe" });
    return undefined;
  } catch (thrown) {
    // Errors of child processes have codes, or what was said.
    const { code, stderr } = thrown as { readonly code?: string; readonly stderr?: Buffer };
    if (code === "ENOENT") return "no bubblewrap: install the package of that name";
    return `bubblewrap does not work here: ${stderr?.toString().trim() ?? String(thrown)}`;
  }
}
