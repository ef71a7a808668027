import type { SandboxLike } from "./sandbox-like.ts";

interface Options {
  readonly signal?: AbortSignal;
}

/** The sandbox until the signal aborts: then what runs is stopped, and every call rejects with the signal's reason. */
export function sandboxUntil(sandbox: SandboxLike, end: AbortSignal): SandboxLike {
  const signalOf = ({ signal }: Options = {}) => (signal === undefined ? end : AbortSignal.any([signal, end]));
  const { files } = sandbox;
  return {
    type: sandbox.type,
    files: {
      read: async (path, options) => files.read(path, { ...options, signal: signalOf(options) }),
      stream: (path, options) => files.stream(path, { ...options, signal: signalOf(options) }),
      write: async (path, data, options) => files.write(path, data, { ...options, signal: signalOf(options) }),
      list: async (path, options) => files.list(path, { ...options, signal: signalOf(options) }),
      stat: async (path, options) => files.stat(path, { ...options, signal: signalOf(options) }),
      remove: async (path, options) => files.remove(path, { ...options, signal: signalOf(options) }),
    },
    exec: (command, options) => sandbox.exec(command, { ...options, signal: signalOf(options) }),
    runShellCommand: async (command, options) =>
      sandbox.runShellCommand(command, { ...options, signal: signalOf(options) }),
  };
}
