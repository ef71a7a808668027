import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface StartAppOptions {
  /** The app's `main.ts`. */
  readonly entry: URL;
  /** Beside PORT=0. The environment of the tests is not handed on, but for what Node itself needs. */
  readonly env?: Readonly<Record<string, string>>;
}

/** An app that runs in a process of its own, as a user starts it. Disposing kills it. */
export interface AppProcess extends AsyncDisposable {
  readonly url: string;
  /** The line it printed when it listened. */
  readonly line: string;
  /** Resolves with the exit code, or the signal's name, and everything it printed. */
  readonly ended: Promise<{ readonly exit: number | string; readonly output: string }>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts an app from its source and resolves when it printed the URL that it listens on. */
export async function startApp({ entry, env = {} }: StartAppOptions): Promise<AppProcess> {
  const child = spawn(process.execPath, ["--conditions=@agentscope-runtime/source", fileURLToPath(entry)], {
    env: { PATH: process.env["PATH"], PORT: "0", NODE_NO_WARNINGS: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const { promise: listening, resolve } = Promise.withResolvers<string | undefined>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    output += `${line}\n`;
    if (line.includes("http://")) resolve(line);
  });
  const ended = once(child, "close").then(([code, signal]: unknown[]) => {
    resolve(undefined);
    return { exit: (code ?? signal) as number | string, output };
  });
  const line = await listening;
  const url = /http:\/\/[\w.:]+/.exec(line ?? "")?.[0];
  if (line === undefined || url === undefined) throw new Error(`The app did not start:\n${output}`);
  return {
    url,
    line,
    ended,
    kill: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
