import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Where `.ci/run` installs what tests need of Python. */
const cached = fileURLToPath(new URL("../../../node_modules/.cache/python/bin/python", import.meta.url));

/**
 * Registers tests that need a Python with some modules, and gives them its path. Where there is none they are skipped, and say
 * so; in CI a skipped test is a failure. `PYTHON` names one that is elsewhere.
 */
export function describeWithPython(name: string, modules: readonly string[], register: (python: string) => void): void {
  const pythons = [process.env["PYTHON"], cached, "python3"].filter((path) => path !== undefined);
  const python = pythons.find((path) => hasModules(path, modules));
  if (python === undefined) {
    describe.skip(`${name} (no Python with ${modules.join(", ")}: install them, or set PYTHON)`, () => {
      it("is tested", () => undefined);
    });
    return;
  }
  describe(name, () => {
    register(python);
  });
}

function hasModules(python: string, modules: readonly string[]): boolean {
  try {
    execFileSync(python, ["-c", `import ${modules.join(", ")}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
