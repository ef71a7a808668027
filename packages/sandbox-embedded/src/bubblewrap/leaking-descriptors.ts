import { readFileSync, readdirSync } from "node:fs";

const closeOnExec = 0o2_000_000;

/**
 * Descriptors that our own parent left open and every child gets, such as those of a shell's redirections. What Node opens is not
 * among them.
 */
export function leakingDescriptors(): readonly number[] {
  const numbers = readdirSync("/proc/self/fd").map(Number);
  return numbers.filter((number) => {
    if (number <= 2) return false;
    try {
      const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, "utf8"))?.[1] ?? "";
      return (Number.parseInt(flags, 8) & closeOnExec) === 0;
    } catch {
      return false; // It was the one that read the directory.
    }
  });
}
