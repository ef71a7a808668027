import { mkdir } from "node:fs/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { ComposedSandbox } from "./composed-sandbox.ts";
import type { LocalSandbox } from "./composed-sandbox.ts";
import { execInterpreted } from "./exec-interpreted.ts";
import type { Interpreter } from "./interpreter.ts";
import { LocalFiles } from "./local-files.ts";
import { LocalLifetime } from "./local-lifetime.ts";

export interface InterpretedSandboxOptions {
  readonly id: string;
  readonly type: string;
  /** For people: what says that it cannot do something. */
  readonly backendName: string;
  /** The workspace's directory. Made when it is not there, and never removed: it is yours. */
  readonly root: string;
  /** The workspace as commands see it. */
  readonly workspacePath: string;
  /** Whose the files are that are made here, where the interpreter runs as another user than this one. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly interpreter: Interpreter;
  /** All that commands get. `HOME` and `LANG` have defaults. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * A sandbox whose commands and cells an interpreter runs, without processes. What needs processes is missing, and says so by name:
 * `history`, `addMcpServers`, `connect`, `exec.limits`.
 *
 * @example
 * ```ts
 * await using sandbox = await openInterpretedSandbox({ id: "box", type: "base", backendName: "wasm", root, workspacePath, interpreter });
 * ```
 */
export async function openInterpretedSandbox(options: InterpretedSandboxOptions): Promise<LocalSandbox> {
  const { id, type, backendName, root, workspacePath, owner, interpreter } = options;
  await mkdir(root, { recursive: true });
  const lifetime = new LocalLifetime(id);
  const environment = { HOME: workspacePath, LANG: "C.UTF-8", ...options.environment };
  const place = { interpreter, workspacePath, environment, lifetime };
  const missing = (name: string) => async (): Promise<never> => {
    lifetime.assertOpen();
    const message = `${name}: sandboxes of ${backendName} have no processes. Use another backend for it.`;
    throw new RuntimeError("unimplemented", message);
  };
  const history = missing("history");
  return new ComposedSandbox({
    id,
    type,
    lifetime,
    files: new LocalFiles({ root, path: workspacePath, owner }, lifetime),
    history: { commit: history, diff: history, log: history },
    tools: [],
    servers: {
      tools: [],
      add: missing("addMcpServers"),
      call: async () => undefined,
      close: async () => undefined,
    },
    exec: (command, execOptions) => execInterpreted(place, command, execOptions),
    startKernel: () => interpreter.startKernel(environment),
    connect: missing("connect"),
    killRest: async () => undefined,
  });
}
