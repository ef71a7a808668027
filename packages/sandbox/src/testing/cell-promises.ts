import type { CellOutput, CellResult } from "../ipython.ts";
import type { SandboxContract } from "./sandbox-contract.ts";

const textOf = ({ outputs }: CellResult): string =>
  outputs
    .map((output) => ("text" in output ? output.text : "data" in output ? output.data["text/plain"] : ""))
    .join("");

/** What it means to run Python cells. */
export const cellPromises: SandboxContract = {
  "keeps a cell's variables for the next": async (sandbox) => {
    expect(await sandbox.runIpythonCell("x = 41")).toEqual({ outputs: [], isError: false });
    const { outputs, isError } = await sandbox.runIpythonCell("x + 1");
    expect(isError).toBe(false);
    expect(outputs).toEqual([{ type: "result", data: expect.objectContaining({ "text/plain": "42" }) as unknown }]);
  },

  "keeps stdout and stderr apart and in order, and a warning is no error": async (sandbox) => {
    const code = "import sys\nprint('out é 日本', flush=True)\nprint('careful', file=sys.stderr, flush=True)";
    expect(await sandbox.runIpythonCell(code)).toEqual({
      outputs: [
        { type: "stdout", text: "out é 日本\n" },
        { type: "stderr", text: "careful\n" },
      ],
      isError: false,
    });
  },

  "tells outputs as they come": async (sandbox) => {
    const told: CellOutput[] = [];
    const result = await sandbox.runIpythonCell("print('a')", { onOutput: (output) => told.push(output) });
    expect(told).toEqual(result.outputs);
  },

  "says which exception ended a cell": async (sandbox) => {
    const { outputs, isError } = await sandbox.runIpythonCell("def f():\n  return 1/0\nf()");
    expect(isError).toBe(true);
    const last = outputs.at(-1);
    expect(last).toMatchObject({ type: "error", name: "ZeroDivisionError", message: "division by zero" });
    expect(last?.type === "error" && last.traceback).not.toContain("\u001b");
  },

  "says where a text is no Python": async (sandbox) => {
    const { outputs, isError } = await sandbox.runIpythonCell("1 +");
    expect(isError).toBe(true);
    expect(outputs.at(-1)).toMatchObject({ type: "error", name: "SyntaxError" });
  },

  "lets cells that come at the same time wait for each other": async (sandbox) => {
    await sandbox.runIpythonCell("n = 0");
    const cell = "before = n\nimport time; time.sleep(0.05)\nn = before + 1\nprint(n)";
    const results = await Promise.all(Array.from({ length: 4 }, () => sandbox.runIpythonCell(cell)));
    expect(results.map(textOf)).toEqual(["1\n", "2\n", "3\n", "4\n"]);
  },

  "interrupts a cell when the signal aborts, and keeps the variables": async (sandbox) => {
    await sandbox.runIpythonCell("kept = 1");
    const stop = new AbortController();
    const cell = sandbox.runIpythonCell("print('ready', flush=True)\nwhile True: pass", {
      signal: stop.signal,
      onOutput: () => {
        stop.abort(new Error("enough"));
      },
    });
    await expect(cell).rejects.toThrow("enough");
    expect(textOf(await sandbox.runIpythonCell("print(kept)"))).toBe("1\n");
  },

  "interrupts a cell at its timeout": async (sandbox) => {
    const result = await sandbox.runIpythonCell("while True: pass", { timeoutMs: 1000 });
    expect(result).toMatchObject({ isError: true, stopped: "timeout" });
    expect(textOf(await sandbox.runIpythonCell("print('on')"))).toBe("on\n");
  },

  "survives a kernel that dies, and says that it died": async (sandbox) => {
    await sandbox.runIpythonCell("lost = 1");
    const died = await sandbox.runIpythonCell("import os; os._exit(3)");
    expect(died).toMatchObject({ isError: true, stopped: "kernel_died" });
    expect(textOf(await sandbox.runIpythonCell("print('lost' in globals())"))).toBe("False\n");
  },

  "forgets the variables when the kernel is restarted": async (sandbox) => {
    await sandbox.runIpythonCell("x = 1");
    await sandbox.restartKernel();
    expect(textOf(await sandbox.runIpythonCell("print('x' in globals())"))).toBe("False\n");
  },

  "sees the workspace's files, and commands see what a cell wrote": async (sandbox) => {
    await sandbox.files.write("in.txt", "from outside");
    await sandbox.runIpythonCell("open('out.txt', 'w').write(open('in.txt').read().upper())");
    expect((await sandbox.runShellCommand("cat out.txt")).stdout).toBe("FROM OUTSIDE");
  },

  "ends a cell that prints without end": async (sandbox) => {
    const result = await sandbox.runIpythonCell("while True: print('x' * 1000)", { timeoutMs: 50_000 });
    expect(result).toMatchObject({ isError: true, stopped: "output_limit" });
  },
};
