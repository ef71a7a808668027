import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@agentscope-runtime/services/testing";
import { keepRunning } from "./keep-running.ts";

const environment = { PATH: "/usr/bin:/bin" };

it("begins a program again when it ends, and ends it when it is disposed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "keep-running-"));
  const pids = async (): Promise<string[]> =>
    (await readFile(join(directory, "pids"), "utf8").catch(() => "")).split("\n").filter(Boolean);
  const script = `echo $$ >>${directory}/pids; exec sleep 60`;
  {
    await using kept = keepRunning({ command: ["sh", "-c", script], environment, ready: async () => undefined });
    await kept.ready();
    const [first] = await eventually(async () => ((await pids()).length === 1 ? pids() : undefined));
    process.kill(Number(first), "SIGKILL");
    await eventually(async () => (await pids()).length === 2 || undefined);
    await kept.ready();
  }
  for (const pid of await pids()) expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH");
  await rm(directory, { recursive: true });
});

it("gives up with what the program said when it never gets ready", async () => {
  const command = ["sh", "-c", "echo no screen here >&2; exit 3"] as const;
  await using kept = keepRunning({
    command: [...command],
    environment,
    ready: (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("ended")))),
  });
  await expect(kept.ready()).rejects.toThrow("no screen here");
});

it("says that there is no such program", async () => {
  await using kept = keepRunning({
    command: ["/no/such"],
    environment,
    ready: async () => Promise.reject(new Error()),
  });
  await expect(kept.ready()).rejects.toThrow("/no/such");
});
