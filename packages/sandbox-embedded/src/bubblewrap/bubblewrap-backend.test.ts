import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describeWithBubblewrap } from "@agentscope-runtime-tooling/testing";
import { baseSandboxType } from "@agentscope-runtime/sandbox";
import { sandboxBackendContract, sandboxContract } from "@agentscope-runtime/sandbox/testing";
import { describeContract, eventually } from "@agentscope-runtime/services/testing";
import { openBubblewrapBackend } from "../index.ts";
import type { BubblewrapBackendOptions } from "../index.ts";

const directory = mkdtempSync(join(tmpdir(), "bubblewrap-test-"));
const open = async (options?: BubblewrapBackendOptions) =>
  openBubblewrapBackend({ directory: join(directory, "shelf"), python: "/usr/bin/python3", ...options });
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describeWithBubblewrap("With bubblewrap", () => {
  describeContract("A sandbox of bubblewrap", sandboxContract, {
    create: async () => {
      const backend = await open({ spare: false });
      const sandbox = await backend.create({ type: baseSandboxType });
      void sandbox.ended.then(async () => backend[Symbol.asyncDispose]());
      return sandbox;
    },
  });

  describeContract("bubblewrap", sandboxBackendContract, {
    create: async () => {
      const backend = await open();
      return {
        backend,
        spec: { type: baseSandboxType },
        [Symbol.asyncDispose]: async () => backend[Symbol.asyncDispose](),
      };
    },
  });

  it("opens over the note of a box of which nothing else is left, as after a restart of the machine", async () => {
    const shelf = join(directory, "noted");
    mkdirSync(join(shelf, "boxes"), { recursive: true, mode: 0o700 });
    chmodSync(shelf, 0o700);
    const owner = { pid: 4_194_304, startedAt: "1" }; // Above all that there are.
    const note = { id: "base-gone", type: "base", state: "running", createdAt: 0, labels: {}, owner };
    writeFileSync(join(shelf, "boxes", "base-gone.json"), JSON.stringify(note));
    await using backend = await openBubblewrapBackend({ directory: shelf, spare: false });
    expect([await backend.list(), readdirSync(join(shelf, "boxes"))]).toEqual([[], []]);
  });

  it("leaves the control groups of a box that has begun to nobody but us", async () => {
    await using backend = await open({ spare: false });
    await using sandbox = await backend.create({ type: baseSandboxType });
    const files = readdirSync("/sys/fs/cgroup", { recursive: true, encoding: "utf8" });
    const its = files.filter((file) => file.includes(`agentscope-${sandbox.id}/`));
    expect(its.filter((file) => statSync(`/sys/fs/cgroup/${file}`).uid !== process.getuid?.())).toEqual([]);
  });

  it("leaves no process behind that waits for a bwrap whose beginning was aborted", async () => {
    const place = mkdtempSync(join(tmpdir(), "slow-bwrap-"));
    const slow = join(place, "bwrap");
    const begun = join(place, "begun");
    chmodSync(place, 0o777); // Boxes are another user's.
    // As bwrap is for a moment: a child holds its pipes, and waits to be told that it may go on.
    const script = `#!/bin/bash
      if [ "$1" != --args ]; then exec bwrap "$@"; fi
      exec 30<&0
      mkfifo ${begun}
      { read -r _ <${begun}; exec bwrap "$@" <&30 30<&-; } &
      sleep 0.2
      echo >${begun}
      wait`;
    writeFileSync(slow, script, { mode: 0o755 });
    const pipes = (): number => process.getActiveResourcesInfo().filter((name) => name === "PipeWrap").length;
    await using backend = await open({ bwrap: slow, spare: false });
    const before = pipes();
    const stop = new AbortController();
    const creating = backend.create({ type: baseSandboxType }, { signal: stop.signal });
    await eventually(() => existsSync(begun));
    stop.abort(new Error("enough"));
    await expect(creating).rejects.toThrow("enough");
    await eventually(() => pipes() <= before);
    rmSync(place, { recursive: true });
  });

  describe("A spare box", () => {
    const shelf = join(directory, "spare");
    /** The places of all boxes that the shelf knows. */
    const places = (): string[] =>
      readdirSync(join(shelf, "boxes")).map((name) => `/run/agentscope-${name.replace(/\.json$/, "")}`);

    it("is what the next sandbox with the same limits begins from, and is replaced then", async () => {
      await using backend = await open();
      const limits = { diskBytes: 64 * 1024 * 1024 };
      for (let count = 0; count < 3; count += 1) {
        await using sandbox = await backend.create({ type: baseSandboxType, limits });
        await using other = await backend.create({ type: baseSandboxType, limits });
        const ids = [sandbox.id, other.id];
        expect((await backend.list()).map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
        for (const each of [sandbox, other]) {
          const { stdout } = await each.runShellCommand("ls -A; touch mine; df -k --output=size . | tail -1");
          expect(stdout.trim()).toBe("65536");
        }
      }
    });

    it("is not left when its backend is disposed, also when that happens at once", async () => {
      for (const wait of [async (path: string) => eventually(() => existsSync(`${path}/box`)), async () => undefined]) {
        const backend = await openBubblewrapBackend({ directory: shelf });
        const [place = ""] = places();
        await wait(place);
        await backend[Symbol.asyncDispose]();
        expect([existsSync(place), existsSync(shelf)]).toEqual([false, false]);
      }
    });

    it("does not keep a process from ending, and the next one removes what is left of it", async () => {
      const program = `
        import { openBubblewrapBackend } from "./index.ts";
        import { baseSandboxType } from "@agentscope-runtime/sandbox";
        const backend = await openBubblewrapBackend({ directory: ${JSON.stringify(shelf)} });
        await (await backend.create({ type: baseSandboxType }))[Symbol.asyncDispose]();
        await new Promise((resolve) => setTimeout(resolve, 200));`;
      const args = ["--conditions=@agentscope-runtime/source", "--input-type=module", "-e", program];
      await promisify(execFile)(process.execPath, args, { cwd: join(import.meta.dirname, ".."), timeout: 20_000 });
      const [place = ""] = places();
      expect(place).toMatch(/spare/);
      await using next = await openBubblewrapBackend({ directory: shelf, spare: false });
      expect(await next.list()).toEqual([]);
      expect([existsSync(place), places()]).toEqual([false, []]);
    });
  });
});
