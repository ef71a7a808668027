import { RuntimeError } from "@agentscope-runtime/protocol";
import { startProcess } from "./sandbox-process.ts";
import type { AiSdkSandboxProcess, AiSdkWritableProcess } from "./sandbox-process.ts";
import type { SandboxLike } from "./sandbox-like.ts";

export interface ToAiSdkSandboxOptions {
  /** For the model, where the agent's instructions take it in. Default: what kind of sandbox it is. */
  readonly description?: string;
  /** How long one command may take, in milliseconds. Default ten minutes. */
  readonly timeoutMs?: number;
}

interface Abortable {
  readonly abortSignal?: AbortSignal | undefined;
}

interface AtPath extends Abortable {
  readonly path: string;
}

interface Running extends Abortable {
  readonly command: string;
  readonly workingDirectory?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** The `Experimental_SandboxSession` of AI SDK 7. */
export interface AiSdkSandbox {
  readonly description: string;
  readonly run: (options: Running) => Promise<{ exitCode: number; stdout: string; stderr: string }>;
  readonly spawn: {
    (options: Running & { readonly stdin: true }): Promise<AiSdkWritableProcess>;
    (options: Running & { readonly stdin?: false | undefined }): Promise<AiSdkSandboxProcess>;
    (options: Running & { readonly stdin?: boolean | undefined }): Promise<AiSdkSandboxProcess | AiSdkWritableProcess>;
  };
  readonly readFile: (options: AtPath) => Promise<ReadableStream<Uint8Array> | null>;
  readonly readBinaryFile: (options: AtPath) => Promise<Uint8Array | null>;
  readonly readTextFile: (
    options: AtPath & {
      readonly encoding?: string | undefined;
      readonly startLine?: number | undefined;
      readonly endLine?: number | undefined;
    },
  ) => Promise<string | null>;
  readonly writeFile: (options: AtPath & { readonly content: ReadableStream<Uint8Array> }) => Promise<void>;
  readonly writeBinaryFile: (options: AtPath & { readonly content: Uint8Array }) => Promise<void>;
  readonly writeTextFile: (
    options: AtPath & { readonly content: string; readonly encoding?: string | undefined },
  ) => Promise<void>;
  readonly stat: (options: AtPath) => Promise<{ type: "file" | "directory" | "other"; size: number } | null>;
  readonly listDirectory: (
    options: AtPath,
  ) => Promise<{ name: string; type: "file" | "directory" | "symlink" | "other" }[] | null>;
  readonly deleteFile: (options: AtPath) => Promise<boolean>;
}

const tenMinutes = 10 * 60_000;

/**
 * A sandbox of ours as the `experimental_sandbox` of AI SDK 7, for `streamText`, agents, and the SDK's harnesses. It ends nothing: the
 * sandbox stays its owner's. Files are those of the workspace; paths outside of it are `permission_denied`, whereas commands see all
 * of the sandbox. A directory of more than 10,000 entries is told up to there.
 *
 * @example
 * ```ts
 * const { sandbox } = await sandboxes.connect({ userId, sessionId });
 * const result = streamText({ model, tools, messages, experimental_sandbox: toAiSdkSandbox(sandbox) });
 * ```
 */
export function toAiSdkSandbox(sandbox: SandboxLike, options: ToAiSdkSandboxOptions = {}): AiSdkSandbox {
  const {
    timeoutMs = tenMinutes,
    description = `An isolated ${sandbox.type} sandbox. Paths are relative to its workspace.`,
  } = options;
  const { files } = sandbox;

  /** Null for what is not there. A sandbox that has ended is no such thing. */
  async function orNull<T>(
    { path, abortSignal }: AtPath,
    work: (path: string, given: { readonly signal?: AbortSignal }) => Promise<T>,
  ): Promise<T | null> {
    const given = signalOf(abortSignal);
    try {
      return await work(path, given);
    } catch (thrown) {
      if (!RuntimeError.is(thrown) || thrown.code !== "not_found") throw thrown;
      if ((await files.stat(path, given)) !== undefined) throw thrown;
      return null;
    }
  }

  return {
    description,

    async run({ command, workingDirectory, env, abortSignal }) {
      const given = { timeoutMs, ...cwdOf(workingDirectory), ...(env && { env }), ...signalOf(abortSignal) };
      const { stdout, stderr, exitCode, stopped } = await sandbox.runShellCommand(command, given);
      return {
        stdout,
        exitCode,
        stderr: stopped === undefined ? stderr : `${stderr}\nThe command was stopped: ${stopped}.`,
      };
    },

    // The three forms differ in what the process has; see `startProcess`.
    spawn: (async ({ command, workingDirectory, env, abortSignal, stdin = false }: Running & { stdin?: boolean }) =>
      startProcess(sandbox, {
        command,
        stdin,
        timeoutMs,
        ...cwdOf(workingDirectory),
        ...(env && { env }),
        ...signalOf(abortSignal),
      })) as AiSdkSandbox["spawn"],

    async readFile({ path, abortSignal }) {
      const found = await files.stat(path, signalOf(abortSignal));
      return found === undefined ? null : ReadableStream.from(files.stream(path, signalOf(abortSignal)));
    },

    readBinaryFile: async (at) => orNull(at, (path, given) => files.read(path, given)),

    async readTextFile({ encoding = "utf-8", startLine = 1, endLine, ...at }) {
      const decoder = decoderOf(encoding);
      const bytes = await orNull(at, (path, given) => files.read(path, given));
      if (bytes === null) return null;
      const text = decoder.decode(bytes);
      if (startLine <= 1 && endLine === undefined) return text;
      // With their ends, so that a range can be put back as it was.
      return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).slice(Math.max(startLine, 1) - 1, endLine).join("");
    },

    async writeFile({ path, content, abortSignal }) {
      await files.write(path, content, signalOf(abortSignal));
    },

    async writeBinaryFile({ path, content, abortSignal }) {
      await files.write(path, content, signalOf(abortSignal));
    },

    async writeTextFile({ path, content, encoding = "utf-8", abortSignal }) {
      if (!Buffer.isEncoding(encoding)) throw unknownEncoding(encoding);
      await files.write(path, Buffer.from(content, encoding), signalOf(abortSignal));
    },

    async stat({ path, abortSignal }) {
      const found = await files.stat(path, signalOf(abortSignal));
      if (found === undefined) return null;
      if (found.type === "link") return statOfLink(sandbox, path, signalOf(abortSignal));
      return { type: found.type, size: found.size ?? 0 };
    },

    async listDirectory(at) {
      const entries = await orNull(at, (path, given) => files.list(path, given));
      return entries && entries.map(({ name, type }) => ({ name, type: type === "link" ? "symlink" : type }));
    },

    async deleteFile({ path, abortSignal }) {
      const found = await files.stat(path, signalOf(abortSignal));
      if (found === undefined) return false;
      if (found.type === "directory") throw new RuntimeError("invalid_argument", `${path} is a directory, not a file.`);
      await files.remove(path, signalOf(abortSignal));
      return true;
    },
  };
}

const throughLink =
  'if [ -d "$1" ]; then echo directory; elif [ -f "$1" ]; then wc -c <"$1"; elif [ -e "$1" ]; then echo other; fi';

/** Our files tell of the link itself. */
async function statOfLink(
  sandbox: SandboxLike,
  path: string,
  options: { readonly signal?: AbortSignal },
): Promise<{ type: "file" | "directory" | "other"; size: number } | null> {
  let said = "";
  for await (const event of sandbox.exec(["/bin/sh", "-c", throughLink, "sh", path], options)) {
    if (event.type === "stdout") said += event.text;
  }
  const what = said.trim();
  if (what === "") return null;
  if (what === "directory" || what === "other") return { type: what, size: 0 };
  return { type: "file", size: Number(what) };
}

function decoderOf(encoding: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(encoding);
  } catch {
    throw unknownEncoding(encoding);
  }
}

function unknownEncoding(encoding: string): RuntimeError {
  return new RuntimeError("invalid_argument", `${JSON.stringify(encoding)} is no encoding of text: use "utf-8".`);
}

function cwdOf(workingDirectory: string | undefined): { readonly cwd?: string } {
  return workingDirectory === undefined ? {} : { cwd: workingDirectory };
}

function signalOf(abortSignal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return abortSignal === undefined ? {} : { signal: abortSignal };
}
