import { RuntimeError } from "@agentscope-runtime/protocol";
import { asText } from "./as-text.ts";
import { commandText, shortened } from "./command-text.ts";
import { imageTypeOf } from "./image-type.ts";
import { SandboxCommand } from "./sandbox-command.ts";
import { SandboxEditor } from "./sandbox-editor.ts";
import type { ApplyDiff } from "./sandbox-editor.ts";
import type { SandboxLeaseLike, SandboxLike } from "./sandbox-like.ts";

/** The part of the SDK's `Manifest` that is used. */
export interface ManifestLike {
  readonly root: string;
  readonly entries: Readonly<Record<string, object>>;
  readonly users: readonly unknown[];
  readonly groups: readonly unknown[];
  resolveEnvironment(): Promise<Record<string, string>>;
}

/** The SDK's `SandboxSessionState`. */
export interface SandboxState<Manifest> {
  manifest: Manifest;
  workspaceReady: boolean;
  environment?: Record<string, string>;
  [field: string]: unknown;
}

interface RunAs {
  readonly runAs?: string;
}

interface AtPath extends RunAs {
  readonly path: string;
}

export interface ExecCommandArgs extends RunAs {
  readonly cmd: string;
  readonly workdir?: string;
  readonly shell?: string;
  readonly login?: boolean;
  readonly tty?: boolean;
  readonly yieldTimeMs?: number;
  readonly maxOutputTokens?: number;
}

export interface WriteStdinArgs {
  readonly sessionId: number;
  readonly chars?: string;
  readonly yieldTimeMs?: number;
  readonly maxOutputTokens?: number;
}

export interface SandboxExecResult {
  output: string;
  stdout: string;
  stderr: string;
  wallTimeSeconds: number;
  exitCode?: number;
  sessionId?: number;
  originalTokenCount?: number;
}

export interface SandboxSessionOptions {
  readonly applyDiff: ApplyDiff;
  readonly signal: AbortSignal | undefined;
  /** How long one command may take, in milliseconds. */
  readonly timeoutMs: number;
}

const mostImageBytes = 10 * 1024 * 1024;
const ctrlC = "\u0003";

/** A `SandboxSession` of the OpenAI Agents SDK over a sandbox that somebody else ends. */
export class OpenAIAgentsSandboxSession<Manifest extends ManifestLike> {
  readonly #lease: SandboxLeaseLike;
  readonly #options: SandboxSessionOptions;
  readonly #commands = new Map<number, SandboxCommand>();
  #commandCount = 0;
  state: SandboxState<Manifest>;

  constructor(lease: SandboxLeaseLike, state: SandboxState<Manifest>, options: SandboxSessionOptions) {
    this.#lease = lease;
    this.state = state;
    this.#options = options;
  }

  get #sandbox(): SandboxLike {
    return this.#lease.sandbox;
  }

  get #signal(): { readonly signal?: AbortSignal } {
    const { signal } = this.#options;
    return signal === undefined ? {} : { signal };
  }

  async running(): Promise<boolean> {
    return true;
  }

  /** Commands can be talked to. There is no terminal: what wants one gets a pipe. */
  supportsPty(): boolean {
    return true;
  }

  async execCommand(args: ExecCommandArgs): Promise<string> {
    return commandText(await this.exec(args));
  }

  async exec(args: ExecCommandArgs): Promise<SandboxExecResult> {
    const { cmd, workdir, shell, login, tty = false, yieldTimeMs = 10_000, maxOutputTokens } = args;
    refuseRunAs(args);
    const began = performance.now();
    const command = new SandboxCommand(this.#sandbox, cmd, {
      shell,
      login,
      isTalking: tty,
      timeoutMs: this.#options.timeoutMs,
      ...(workdir !== undefined && { cwd: workdir }),
      ...(this.state.environment && { env: this.state.environment }),
      ...this.#signal,
    });
    const { output, exitCode, stdout, stderr } = await command.news(yieldTimeMs);
    const { text, ...cut } = shortened(output, maxOutputTokens);
    const wallTimeSeconds = (performance.now() - began) / 1000;
    const told = { output: text, stdout, stderr, wallTimeSeconds, ...cut };
    if (exitCode !== undefined) return { ...told, exitCode };
    this.#commandCount += 1;
    this.#commands.set(this.#commandCount, command);
    return { ...told, sessionId: this.#commandCount };
  }

  async writeStdin({ sessionId, chars = "", yieldTimeMs = 250, maxOutputTokens }: WriteStdinArgs): Promise<string> {
    const command = this.#commands.get(sessionId);
    if (command === undefined) {
      return commandText({ output: `There is no session ${sessionId}.`, wallTimeSeconds: 0, exitCode: 1 });
    }
    const began = performance.now();
    const words = chars.replaceAll(ctrlC, "");
    const isHeard = words === "" || command.say(words);
    if (chars.includes(ctrlC)) await command.interrupt();
    const { output, exitCode } = await command.news(yieldTimeMs);
    if (exitCode !== undefined) this.#commands.delete(sessionId);
    const { text, ...cut } = shortened(output, maxOutputTokens);
    return commandText({
      output: isHeard ? text : `${text}\nThe process reads no input: start it with tty=true.`,
      wallTimeSeconds: (performance.now() - began) / 1000,
      ...cut,
      ...(exitCode === undefined ? { sessionId } : { exitCode }),
    });
  }

  createEditor(runAs?: string): SandboxEditor {
    refuseRunAs({ ...(runAs !== undefined && { runAs }) });
    return new SandboxEditor(this.#sandbox, { applyDiff: this.#options.applyDiff, ...this.#signal });
  }

  async viewImage(
    args: AtPath,
  ): Promise<{ type: "image"; image: { data: Uint8Array<ArrayBuffer>; mediaType: string } }> {
    refuseRunAs(args);
    const { path } = args;
    // The SDK tells models what is wrong by these words.
    const found = await this.#sandbox.files.stat(path, this.#signal);
    if (found === undefined) throw new RuntimeError("not_found", `Image file not found: ${path}`);
    if (found.type === "directory") throw new RuntimeError("invalid_argument", `Image path is not a file: ${path}`);
    if ((found.size ?? 0) > mostImageBytes) {
      throw new RuntimeError("payload_too_large", `Image file exceeds the 10 MB limit: ${path}`);
    }
    const data = Uint8Array.from(await this.#sandbox.files.read(path, this.#signal));
    const mediaType = imageTypeOf(data);
    if (mediaType === undefined) throw new RuntimeError("invalid_argument", `Unsupported image format: ${path}`);
    return { type: "image", image: { data, mediaType } };
  }

  async readFile(args: AtPath & { readonly maxBytes?: number }): Promise<Uint8Array> {
    refuseRunAs(args);
    const bytes = await this.#sandbox.files.read(args.path, this.#signal);
    return args.maxBytes === undefined ? bytes : bytes.subarray(0, args.maxBytes);
  }

  async listDir(args: AtPath): Promise<{ name: string; path: string; type: "file" | "dir" | "other" }[]> {
    refuseRunAs(args);
    const entries = await this.#sandbox.files.list(args.path, this.#signal);
    return entries.map(({ name, path, type }) => ({ name, path: this.#relative(path), type: kinds[type] }));
  }

  async pathExists(path: string, runAs?: string): Promise<boolean> {
    return (await this.#stat(path, runAs)) !== undefined;
  }

  async directoryExists(path: string, runAs?: string): Promise<boolean> {
    return (await this.#stat(path, runAs))?.type === "directory";
  }

  /** Files and directories; what comes from elsewhere has to be brought by the sandbox's owner. */
  async materializeEntry({ path, entry, runAs }: AtPath & { readonly entry: object }): Promise<void> {
    refuseRunAs({ ...(runAs !== undefined && { runAs }) });
    await this.#materialize(path, entry);
  }

  async applyManifest(manifest: ManifestLike, runAs?: string): Promise<void> {
    refuseRunAs({ ...(runAs !== undefined && { runAs }) });
    if (manifest.users.length + manifest.groups.length > 0) throw unimplemented("users and groups");
    for (const [path, entry] of Object.entries(manifest.entries)) await this.#materialize(path, entry);
  }

  /** Ends the commands that still run, and gives the sandbox back. */
  async close(): Promise<void> {
    for (const command of this.#commands.values()) await command.interrupt();
    this.#commands.clear();
    await this.#lease[Symbol.asyncDispose]();
  }

  async #stat(path: string, runAs: string | undefined): ReturnType<SandboxLike["files"]["stat"]> {
    refuseRunAs({ ...(runAs !== undefined && { runAs }) });
    return this.#sandbox.files.stat(path, this.#signal);
  }

  /** As the SDK names paths: from the workspace on. */
  #relative(path: string): string {
    const { root } = this.state.manifest;
    return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
  }

  async #materialize(path: string, entry: object): Promise<void> {
    const { type, content, children } = entry as { type?: unknown; content?: unknown; children?: unknown };
    if (type === "file" && (typeof content === "string" || content instanceof Uint8Array)) {
      await this.#sandbox.files.write(path, content, this.#signal);
      return;
    }
    if (type !== "dir") throw unimplemented(`entries of type ${asText(type)} (${path})`);
    await this.#sandbox.files.mkdir(path, this.#signal);
    for (const [name, child] of Object.entries((children ?? {}) as Record<string, object>)) {
      await this.#materialize(`${path}/${name}`, child);
    }
  }
}

const kinds = { file: "file", directory: "dir", link: "other", other: "other" } as const;

function refuseRunAs({ runAs }: RunAs): void {
  if (runAs !== undefined) throw unimplemented(`other users (runAs ${JSON.stringify(runAs)})`);
}

export function unimplemented(what: string): RuntimeError {
  return new RuntimeError("unimplemented", `The runtime's sandboxes have no ${what}.`);
}
