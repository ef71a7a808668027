import { isObject } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ApplyDiff } from "./sandbox-editor.ts";
import type { SandboxLeaseLike } from "./sandbox-like.ts";
import { OpenAIAgentsSandboxSession, unimplemented } from "./sandbox-session.ts";
import type { ManifestLike, SandboxState } from "./sandbox-session.ts";

export interface OpenAIAgentsSandboxClientOptions<Manifest extends ManifestLike> {
  /** The right to use a sandbox: `() => sandboxes.connect({ userId, sessionId })`. It is given back when the run ends or waits. */
  readonly connect: () => Promise<SandboxLeaseLike>;
  /** `Manifest` of `@openai/agents/sandbox`. */
  readonly Manifest: new (init?: never) => Manifest;
  /** `applyDiff` of `@openai/agents`. */
  readonly applyDiff: ApplyDiff;
  /** The run's: the SDK does not stop a sandbox's commands itself. */
  readonly signal?: AbortSignal;
  /** How long one command may take, in milliseconds. Default ten minutes. */
  readonly timeoutMs?: number;
}

/** A `SandboxClient` of the OpenAI Agents SDK. */
export interface OpenAIAgentsSandboxClient<Manifest extends ManifestLike> {
  readonly backendId: string;
  create(args?: object): Promise<OpenAIAgentsSandboxSession<Manifest>>;
  resume(state: SandboxState<Manifest>): Promise<OpenAIAgentsSandboxSession<Manifest>>;
  serializeSessionState(state: SandboxState<Manifest>): Promise<Record<string, unknown>>;
  deserializeSessionState(state: Record<string, unknown>): Promise<SandboxState<Manifest>>;
  canPersistOwnedSessionState(): boolean;
  canReusePreservedOwnedSession(): boolean;
}

const tenMinutes = 10 * 60_000;

/**
 * Sandboxes of ours for the `SandboxAgent`s of the OpenAI Agents SDK: `runner.run(agent, input, { sandbox: { client } })`. Make one for each
 * run. Commands, files, patches, images, skills and memory of the SDK work in the session's own sandbox, which stays when the run
 * ends; one that waits for people goes on in it, in any process.
 *
 * A manifest's files and directories are written, its environment is that of the commands, and its `root` has to be the sandbox's
 * workspace. Not there, each a clear `unimplemented`: entries from the host, from git or mounted, users, snapshots. Commands that go
 * on can be talked to where they were started with `tty`, but get no terminal.
 *
 * @example
 * ```ts
 * const client = createOpenAIAgentsSandboxClient({
 *   connect: async () => sandboxes.connect({ userId: session.userId, sessionId: session.id }),
 *   Manifest,
 *   applyDiff,
 *   signal,
 * });
 * const run = runner.run(agent, input, { stream: true, signal, sandbox: { client } });
 * ```
 */
export function createOpenAIAgentsSandboxClient<Manifest extends ManifestLike>(
  options: OpenAIAgentsSandboxClientOptions<Manifest>,
): OpenAIAgentsSandboxClient<Manifest> {
  const { connect, Manifest, applyDiff, signal, timeoutMs = tenMinutes } = options;
  const open = async (
    toState: (root: string) => SandboxState<Manifest>,
  ): Promise<OpenAIAgentsSandboxSession<Manifest>> => {
    const lease = await connect();
    try {
      const state = toState(await rootOf(lease, signal));
      return new OpenAIAgentsSandboxSession(lease, state, { applyDiff, signal, timeoutMs });
    } catch (thrown) {
      await lease[Symbol.asyncDispose]();
      throw thrown;
    }
  };
  const made = (init: object): Manifest => new Manifest(init as never); // The SDK checks what it is given.

  return {
    backendId: "agentscope",
    async create(args = {}) {
      const { manifest, snapshot } = toArgs(args);
      if (isObject(snapshot) && snapshot["type"] !== "noop") throw unimplemented("snapshots of the SDK");
      const session = await open((root) => ({
        // The SDK's word: a manifest of its own.
        manifest: checked((manifest as Manifest | undefined) ?? made({ root }), root),
        workspaceReady: true,
      }));
      try {
        session.state.environment = await session.state.manifest.resolveEnvironment();
        await session.applyManifest(session.state.manifest);
        return session;
      } catch (thrown) {
        await session.close();
        throw thrown;
      }
    },
    resume: async (state) => open((root) => ({ ...state, manifest: checked(state.manifest, root) })),
    // Whose sandbox it is says `connect`, so there is nothing to keep.
    serializeSessionState: async () => ({}),
    deserializeSessionState: async ({ manifest, environment }) => ({
      manifest: made(isObject(manifest) ? manifest : {}),
      workspaceReady: true,
      ...(isObject(environment) && { environment: Object.fromEntries(Object.entries(environment).map(asString)) }),
    }),
    canPersistOwnedSessionState: () => true,
    // A run that waits holds no lease.
    canReusePreservedOwnedSession: () => false,
  };
}

/** The SDK also takes the manifest alone. */
function toArgs(args: object): { readonly manifest?: unknown; readonly snapshot?: unknown } {
  return "resolveEnvironment" in args ? { manifest: args } : args;
}

async function rootOf({ sandbox }: SandboxLeaseLike, signal: AbortSignal | undefined): Promise<string> {
  const workspace = await sandbox.files.stat(".", signal === undefined ? {} : { signal });
  if (workspace === undefined) throw new RuntimeError("unavailable", `The sandbox ${sandbox.id} has no workspace.`);
  return workspace.path;
}

function checked<Manifest extends ManifestLike>(manifest: Manifest, root: string): Manifest {
  if (manifest.root === root) return manifest;
  const message = `The manifest's root is ${manifest.root}, and the sandbox's workspace is ${root}: say that.`;
  throw new RuntimeError("invalid_argument", message, { details: { field: "manifest.root" } });
}

function asString([name, value]: [string, unknown]): [string, string] {
  return [name, String(value)];
}
