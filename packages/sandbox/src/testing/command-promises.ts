import { setTimeout as sleep } from "node:timers/promises";
import { collectOutput } from "../exec.ts";
import type { Sandbox } from "../sandbox.ts";
import type { SandboxContract } from "./sandbox-contract.ts";

const shell = (script: string) => ["/bin/sh", "-c", script] as const;

/** Runs until it is killed, in a child of a child, and says its name first; others may run the same on this machine. */
function stubborn(): { readonly script: string; readonly name: string } {
  const name = `stubborn-${crypto.randomUUID()}`;
  return { name, script: `trap '' TERM INT; (sh -c 'echo ${name}; while :; do sleep 1; done' & wait) & wait` };
}

/** How many processes of the sandbox have this word on their command line. */
async function countProcesses(sandbox: Sandbox, word: string): Promise<number> {
  // The pattern does not find itself.
  const pattern = `${word.slice(0, -1)}[${word.slice(-1)}]`;
  const script = `for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f 2>/dev/null; echo; done | grep -c -- '${pattern}' || true`;
  const { stdout } = await collectOutput(sandbox.exec(shell(script)));
  return Number(stdout);
}

/** What it means to run commands. */
export const commandPromises: SandboxContract = {
  "tells what a command says, and its exit code": async (sandbox) => {
    const result = await collectOutput(sandbox.exec(shell("echo out; echo err >&2; exit 7")));
    expect(result).toEqual({ stdout: "out\n", stderr: "err\n", exitCode: 7 });
  },

  "hands arguments to the program as they are": async (sandbox) => {
    const awkward = ["", " ", "a b", "$HOME", "`id`", "it's", '"', "\\", "*", "é 日本 👩🏽‍🚀", "-n"];
    const { stdout } = await collectOutput(sandbox.exec(["/usr/bin/printf", "[%s]\n", ...awkward]));
    expect(stdout).toBe(awkward.map((argument) => `[${argument}]\n`).join(""));
  },

  "tells output as it comes, not at the end": async (sandbox) => {
    const events = sandbox.exec(shell("echo first; cat"), { stdin: endless() });
    for await (const event of events) {
      expect(event).toEqual({ type: "stdout", text: "first\n" });
      break; // Leaving the loop ends the command, which would wait for its stdin forever.
    }
  },

  "reads characters that were cut in the middle as whole ones": async (sandbox) => {
    const { stdout } = await collectOutput(
      sandbox.exec(shell("printf '\\346\\227'; sleep 0.05; printf '\\245\\377'; printf '\\346'")),
    );
    expect(stdout).toBe("日\uFFFD\uFFFD");
  },

  "says 128 and the signal's number when a signal ended the command": async (sandbox) => {
    expect((await collectOutput(sandbox.exec(shell("kill -TERM $$")))).exitCode).toBe(143);
  },

  "refuses a program that is not there": async (sandbox) => {
    await expect(collectOutput(sandbox.exec(["no-such-program"]))).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("no-such-program") as string,
    });
  },

  "refuses a directory that is not there": async (sandbox) => {
    const events = sandbox.exec(shell("true"), { cwd: "no-such-directory" });
    await expect(collectOutput(events)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("no-such-directory") as string,
    });
  },

  "runs in the workspace, or in a directory below it": async (sandbox) => {
    await sandbox.files.write("below/file.txt", "found");
    expect((await sandbox.runShellCommand("cat below/file.txt")).stdout).toBe("found");
    expect((await sandbox.runShellCommand("cat file.txt", { cwd: "below" })).stdout).toBe("found");
  },

  "tells a program which directory it runs in, as a shell does": async (sandbox) => {
    await sandbox.files.mkdir("below");
    const { stdout } = await collectOutput(sandbox.exec(["printenv", "PWD"], { cwd: "below", env: { PWD: "/" } }));
    expect(stdout).toMatch(/^\/.+\/below\n$/);
  },

  "gives the command the environment that was asked for": async (sandbox) => {
    const { stdout } = await sandbox.runShellCommand('echo "$COLOR:$HOME"', { env: { COLOR: "bl ue" } });
    expect(stdout).toMatch(/^bl ue:\/.+\n$/);
  },

  "gives the command its stdin, and the end of it": async (sandbox) => {
    expect((await sandbox.runShellCommand("cat", { stdin: "text é\n" })).stdout).toBe("text é\n");
    expect((await sandbox.runShellCommand("wc -c", { stdin: new Uint8Array(100_000) })).stdout.trim()).toBe("100000");
    expect((await sandbox.runShellCommand("cat")).stdout).toBe("");
    const pieces = ["one ", "two ", "three"].map((piece) => new TextEncoder().encode(piece));
    expect((await sandbox.runShellCommand("cat", { stdin: each(pieces) })).stdout).toBe("one two three");
  },

  "does not mind a command that leaves its stdin unread": async (sandbox) => {
    const { exitCode } = await sandbox.runShellCommand("exec 0<&-; exit 3", { stdin: new Uint8Array(1_000_000) });
    expect(exitCode).toBe(3);
  },

  "kills a command and its children at the timeout": async (sandbox) => {
    const { name, script } = stubborn();
    const result = await sandbox.runShellCommand(script, { timeoutMs: 300 });
    expect(result).toMatchObject({ stdout: `${name}\n`, exitCode: 137, stopped: "timeout" });
    expect(await countProcesses(sandbox, name)).toBe(0);
  },

  "kills a command and its children when the signal aborts, and rejects with its reason": async (sandbox) => {
    const { name, script } = stubborn();
    const stop = new AbortController();
    const run = async (): Promise<void> => {
      for await (const event of sandbox.exec(shell(script), { signal: stop.signal })) {
        if (event.type === "stdout") stop.abort(new Error("enough"));
      }
    };
    await expect(run()).rejects.toThrow("enough");
    expect(await countProcesses(sandbox, name)).toBe(0);
  },

  "kills a command and its children when its loop is left": async (sandbox) => {
    const { name, script } = stubborn();
    for await (const event of sandbox.exec(shell(script))) if (event.type === "stdout") break;
    expect(await countProcesses(sandbox, name)).toBe(0);
  },

  "starts nothing once the signal is aborted": async (sandbox) => {
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(sandbox.runShellCommand("touch ran", { signal })).rejects.toThrow("stop");
    expect(await sandbox.files.stat("ran")).toBeUndefined();
  },

  "does not wait for what a command left in the background": async (sandbox) => {
    const started = Date.now();
    const { stdout } = await sandbox.runShellCommand("sleep 30 & echo done");
    expect(stdout).toBe("done\n");
    expect(Date.now() - started).toBeLessThan(10_000);
  },

  "kills a command that prints more than it may": async (sandbox) => {
    const result = await sandbox.runShellCommand("yes flood", { maxOutputBytes: 100_000 });
    expect(result.stopped).toBe("output_limit");
    expect(result.stdout.length).toBeGreaterThan(0);
    expect(result.stdout.length).toBeLessThanOrEqual(100_000);
  },

  "makes a command wait for a slow reader": async (sandbox) => {
    const script =
      "i=0; while [ $i -lt 400 ]; do head -c 65536 /dev/zero | tr '\\0' x; i=$((i+1)); echo $i >progress; done";
    for await (const event of sandbox.exec(shell(script), { maxOutputBytes: 1 << 30 })) {
      if (event.type !== "stdout") continue;
      await sleep(500); // Nothing is read meanwhile; without back-pressure it would be done.
      expect(Number(await sandbox.files.readText("progress"))).toBeLessThan(400);
      break;
    }
  },

  "loses nothing of 4 MiB of output": async (sandbox) => {
    const { stdout, exitCode } = await sandbox.runShellCommand("seq 1 600000");
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").length).toBe(600_001);
    expect(stdout.endsWith("\n600000\n")).toBe(true);
  },

  "runs commands at the same time, each with its own output": async (sandbox) => {
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, index) => sandbox.runShellCommand(`echo ${index}; sleep 0.1; echo ${index}`)),
    );
    expect(results.map(({ stdout }) => stdout)).toEqual(results.map((_, index) => `${index}\n${index}\n`));
  },

  "holds a command to the limits of its own": async (sandbox) => {
    const file = await sandbox.runShellCommand("head -c 100000 /dev/zero >big; exit $?", {
      limits: { fileBytes: 10_240 },
    });
    expect(file.exitCode).not.toBe(0);
    expect((await sandbox.files.stat("big"))?.size).toBeLessThanOrEqual(10_240);
    const spin = await sandbox.runShellCommand("while :; do :; done", { limits: { cpuSeconds: 1 }, timeoutMs: 20_000 });
    expect(spin.exitCode).toBeGreaterThan(128);
    expect(spin.stopped).toBeUndefined();
  },

  "refuses options that make no sense, and names them": async (sandbox) => {
    for (const [field, options] of Object.entries({
      timeoutMs: { timeoutMs: 0 },
      maxOutputBytes: { maxOutputBytes: -1 },
      env: { env: { "a=b": "" } },
    })) {
      await expect(sandbox.runShellCommand("true", options)).rejects.toMatchObject({
        code: "invalid_argument",
        message: expect.stringContaining(field) as string,
      });
    }
  },
};

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}

/** A stdin that neither says anything nor ends, until it is left. */
async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
  yield new Uint8Array();
  await new Promise(() => undefined);
}
