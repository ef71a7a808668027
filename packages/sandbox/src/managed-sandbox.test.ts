import { eventually } from "@agentscope-runtime/services/testing";
import { LeasedSandbox } from "./leased-sandbox.ts";
import { ManagedSandbox } from "./managed-sandbox.ts";
import type { ManagedSandboxOptions } from "./managed-sandbox.ts";
import type { SandboxEnd } from "./sandbox-end.ts";
import type { CommandResult, OwnedSandbox } from "./index.ts";

/** Only what a manager does with a sandbox, written down; commands last until they are told to end. */
function recordingSandbox(): {
  readonly sandbox: OwnedSandbox;
  readonly record: string[];
  readonly finish: () => void;
  readonly end: (end: SandboxEnd) => void;
} {
  const record: string[] = [];
  const ended = Promise.withResolvers<SandboxEnd>();
  const finished = Promise.withResolvers<CommandResult>();
  const write = (what: string) => async (): Promise<void> => {
    record.push(what);
  };
  const sandbox = {
    id: "one",
    type: "base",
    ended: ended.promise,
    pause: write("pause"),
    resume: write("resume"),
    extend: write("extend"),
    runShellCommand: () => {
      record.push("run");
      return finished.promise;
    },
    [Symbol.asyncDispose]: async () => {
      record.push("dispose");
      ended.resolve({ reason: "disposed", message: "" });
    },
  } as unknown as OwnedSandbox; // What else a sandbox has is not asked for here.
  return {
    sandbox,
    record,
    finish: () => {
      finished.resolve({ stdout: "", stderr: "", exitCode: 0 });
    },
    end: ended.resolve,
  };
}

function managing(
  sandbox: OwnedSandbox,
  options: Partial<ManagedSandboxOptions> = {},
): { readonly managed: ManagedSandbox; readonly told: string[] } {
  const told: string[] = [];
  const tell = (what: string) => () => void told.push(what);
  const managed = new ManagedSandbox({
    sandbox,
    times: { idlePauseMs: 40, idleEndMs: 60_000, warnMs: 100 },
    canPause: true,
    expiresAt: undefined,
    watcher: {
      used: tell("used"),
      paused: tell("paused"),
      resumed: tell("resumed"),
      willExpire: (inMs) => void told.push(`willExpire ${inMs <= 100}`),
      ended: ({ reason }) => void told.push(`ended ${reason}`),
    },
    ...options,
  });
  return { managed, told };
}

it("pauses what nobody uses, and wakes it for the next call", async () => {
  const { sandbox, record, finish } = recordingSandbox();
  const { managed, told } = managing(sandbox);
  const leased = new LeasedSandbox(managed, new AbortController().signal);
  await eventually(() => record.includes("pause"));
  finish();
  await leased.runShellCommand("true");
  expect(record).toEqual(["pause", "resume", "run"]);
  expect(told).toEqual(["paused", "used", "resumed"]);
  await managed[Symbol.asyncDispose]();
});

it("does not pause what is in use, however long that lasts, and goes on saying so", async () => {
  const { sandbox, record, finish } = recordingSandbox();
  const { managed, told } = managing(sandbox);
  const running = new LeasedSandbox(managed, new AbortController().signal).runShellCommand("sleep");
  await eventually(() => told.filter((what) => what === "used").length > 5); // 5 quarters of the idle time.
  expect(record).toEqual(["run"]);
  finish();
  await running;
  await eventually(() => record.includes("pause"));
  await managed[Symbol.asyncDispose]();
});

it("never pauses where the backend cannot", async () => {
  const { sandbox, record } = recordingSandbox();
  const { told } = managing(sandbox, {
    canPause: false,
    times: { idlePauseMs: 1, idleEndMs: 150, warnMs: 100 },
  });
  await eventually(() => told.includes("ended idle"));
  expect(record).toEqual(["dispose"]);
});

it("ends what was not used for long, paused or not, and says why to who comes later", async () => {
  const { sandbox } = recordingSandbox();
  const { managed, told } = managing(sandbox, { times: { idlePauseMs: 20, idleEndMs: 120, warnMs: 100 } });
  await eventually(() => told.includes("ended idle"));
  expect(told).toEqual(["paused", "ended idle"]);
  await expect(managed.enter()).rejects.toMatchObject({
    code: "not_found",
    message: expect.stringContaining("idle") as string,
    details: { reason: "idle" },
  });
});

it("warns before the time to live is over, once, and again when it was given more", async () => {
  const { sandbox, record } = recordingSandbox();
  const { managed, told } = managing(sandbox, {
    expiresAt: Date.now() + 150,
    times: { idlePauseMs: 60_000, idleEndMs: 60_000, warnMs: 100 },
  });
  await eventually(() => told.includes("willExpire true"));
  await managed.extend(150);
  await eventually(() => told.length === 2);
  expect(told).toEqual(["willExpire true", "willExpire true"]);
  expect(record).toEqual(["extend"]);
  await managed[Symbol.asyncDispose]();
});

it("tells how a sandbox ended that nobody here has ended", async () => {
  const { sandbox, end } = recordingSandbox();
  const { managed, told } = managing(sandbox);
  end({ reason: "out_of_memory", message: "It used up its 512 MiB." });
  await managed.over;
  expect(told).toEqual(["ended out_of_memory"]);
  await expect(managed.enter()).rejects.toThrow("It used up its 512 MiB.");
});

it("wakes at once what another manager has paused while it is in use here", async () => {
  const { sandbox, record, finish } = recordingSandbox();
  const { managed } = managing(sandbox);
  const running = new LeasedSandbox(managed, new AbortController().signal).runShellCommand("sleep");
  await eventually(() => record.includes("run"));
  await managed.noticePaused(true);
  expect(record).toEqual(["run", "resume"]);
  finish();
  await running;
  await managed[Symbol.asyncDispose]();
});

it("wakes what another manager has paused before it is used here", async () => {
  const { sandbox, record, finish } = recordingSandbox();
  const { managed } = managing(sandbox, { times: { idlePauseMs: 60_000, idleEndMs: 60_000, warnMs: 1 } });
  await managed.noticePaused(true);
  finish();
  await new LeasedSandbox(managed, new AbortController().signal).runShellCommand("true");
  expect(record).toEqual(["resume", "run"]);
  await managed[Symbol.asyncDispose]();
});

it("answers nothing any more when the lease was given back", async () => {
  const { sandbox } = recordingSandbox();
  const { managed } = managing(sandbox);
  const leased = new LeasedSandbox(managed, AbortSignal.abort());
  await expect(leased.runShellCommand("true")).rejects.toMatchObject({ code: "not_found" });
  await expect(Array.fromAsync(leased.exec(["true"]))).rejects.toMatchObject({ code: "not_found" });
  await managed[Symbol.asyncDispose]();
});
