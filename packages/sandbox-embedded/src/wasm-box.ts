// A program, not a module to import: the process of one WASM sandbox, and, as its threads, that sandbox's shells and Python.
import { argv } from "node:process";
import { isMainThread, workerData } from "node:worker_threads";
import type { PythonSetup } from "./wasm/python-worker.ts";
import type { BoxSetup } from "./wasm/run-wasm-box.ts";
import type { ShellSetup } from "./wasm/shell-worker.ts";

if (isMainThread) {
  const { runWasmBox } = await import("./wasm/run-wasm-box.ts");
  await runWasmBox(JSON.parse(argv[2] ?? "{}") as BoxSetup, new URL(import.meta.url)); // The backend's own.
} else {
  const setup = workerData as ShellSetup | PythonSetup; // The box's own.
  if (setup.kind === "shell") await (await import("./wasm/shell-worker.ts")).runShell(setup);
  else await (await import("./wasm/python-worker.ts")).runPython(setup);
}
