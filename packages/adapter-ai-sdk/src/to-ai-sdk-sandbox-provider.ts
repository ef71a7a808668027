import { RuntimeError } from "@agentscope-runtime/protocol";
import { Lifetime } from "@agentscope-runtime/services";
import type { CallOptions, SessionKey } from "@agentscope-runtime/services";
import { HeldSandbox } from "./held-sandbox.ts";
import type { ReachableSandboxLike, SandboxLeaseLike } from "./held-sandbox.ts";
import { toAiSdkSandbox } from "./to-ai-sdk-sandbox.ts";
import type { AiSdkSandbox, ToAiSdkSandboxOptions } from "./to-ai-sdk-sandbox.ts";

/** The part of `SandboxService` of `@agentscope-runtime/sandbox` that is used. */
export interface SandboxServiceLike {
  connect(key: SessionKey, types?: readonly string[], options?: CallOptions): Promise<SandboxLeaseLike>;
  release(key: SessionKey, options?: CallOptions): Promise<void>;
}

export interface ToAiSdkSandboxProviderOptions extends Pick<ToAiSdkSandboxOptions, "description"> {
  /** Whose sandboxes they are. */
  readonly userId: string;
  /** Of which type. Default `base`. */
  readonly type?: string;
  /** Ports in the sandbox that may be reached from here, such as that of a harness's bridge. Default none. */
  readonly ports?: readonly number[];
  /** How long one command may take, in milliseconds. Default a day: a harness is a command that goes on. */
  readonly timeoutMs?: number;
}

interface PortOptions {
  readonly port: number;
  readonly protocol?: "http" | "https" | "ws";
}

/** The `HarnessV1NetworkSandboxSession` of `@ai-sdk/harness`: a sandbox as its owner has it. */
export interface AiSdkNetworkSandbox extends AiSdkSandbox {
  /** The sandbox's. */
  readonly id: string;
  /** The workspace. */
  readonly defaultWorkingDirectory: string;
  readonly ports: readonly number[];
  /** On this machine's loopback, without TLS. */
  readonly getPortEndpoint: (options: PortOptions) => Promise<{ url: string }>;
  readonly getPortUrl: (options: PortOptions) => Promise<string>;
  readonly setPorts: (ports: readonly number[]) => Promise<void>;
  /** Rejects with `unimplemented`, so that nobody takes a policy for kept that is not. */
  readonly setNetworkPolicy: (policy: object) => Promise<void>;
  /** Ends the commands and the ways to ports. The sandbox waits for `resumeSession`; one without a session id ends. */
  readonly stop: () => Promise<void>;
  /** Stops, and ends the session's sandboxes, each as soon as nobody else uses it. */
  readonly destroy: () => Promise<void>;
  /** What tools may have of it. */
  readonly restricted: () => AiSdkSandbox;
}

interface CreateOptions {
  readonly sessionId?: string;
  readonly abortSignal?: AbortSignal;
  readonly identity?: string;
  readonly onFirstCreate?: (session: AiSdkSandbox, options: { abortSignal?: AbortSignal }) => Promise<void>;
}

/** The `HarnessV1SandboxProvider` of `@ai-sdk/harness`. Disposing it stops its sessions, also those that were detached. */
export interface AiSdkSandboxProvider extends AsyncDisposable {
  readonly specificationVersion: "harness-sandbox-v1";
  readonly providerId: string;
  readonly createSession: (options?: CreateOptions) => Promise<AiSdkNetworkSandbox>;
  readonly resumeSession: (options: {
    readonly sessionId: string;
    readonly abortSignal?: AbortSignal;
  }) => Promise<AiSdkNetworkSandbox>;
}

const aDay = 24 * 60 * 60_000;
/** In the workspace of a sandbox that is ready, since a service gives a new one where the old one has ended. */
const marker = ".agentscope-harness";

/**
 * A user's sandboxes for the `HarnessAgent`s of `@ai-sdk/harness`. A session of the harness has the sandbox of the session with that
 * id, the same that `sandboxes.connect` gives, in any process. Resuming one whose sandbox has ended rejects with `not_found`.
 *
 * There are no templates: each new sandbox is set up anew, and what takes long belongs into the type's image. Egress is that of the
 * type, and credentials are not added outside of the sandbox. Files are those of the workspace, also a harness's own.
 *
 * @example
 * ```ts
 * await using sandbox = toAiSdkSandboxProvider(sandboxes, { userId, ports: [4000] });
 * const agent = new HarnessAgent({ harness, sandbox });
 * ```
 */
export function toAiSdkSandboxProvider(
  sandboxes: SandboxServiceLike,
  options: ToAiSdkSandboxProviderOptions,
): AiSdkSandboxProvider {
  return new SandboxProvider(sandboxes, options);
}

class SandboxProvider implements AiSdkSandboxProvider {
  readonly specificationVersion = "harness-sandbox-v1";
  readonly providerId = "agentscope-runtime";
  readonly #sandboxes: SandboxServiceLike;
  readonly #options: ToAiSdkSandboxProviderOptions;
  readonly #lifetime = new Lifetime("The provider of sandboxes");
  /** By the session's id. The harness does not say when it detaches from one. */
  readonly #held = new Map<string, HeldSandbox>();

  constructor(sandboxes: SandboxServiceLike, options: ToAiSdkSandboxProviderOptions) {
    this.#sandboxes = sandboxes;
    this.#options = options;
  }

  readonly createSession = async (options: CreateOptions = {}): Promise<AiSdkNetworkSandbox> => {
    const { sessionId, identity = "", onFirstCreate, abortSignal } = options;
    const session = await this.#open(sessionId, abortSignal);
    try {
      const signal = abortSignal && { abortSignal };
      if ((await session.readTextFile({ path: marker, ...signal })) !== identity) {
        await onFirstCreate?.(session.restricted(), { ...signal });
        await session.writeTextFile({ path: marker, content: identity, ...signal });
      }
      return session;
    } catch (thrown) {
      await session.stop();
      throw thrown;
    }
  };

  readonly resumeSession: AiSdkSandboxProvider["resumeSession"] = async ({ sessionId, abortSignal }) =>
    this.#open(sessionId, abortSignal, async ({ files }, options) => {
      if ((await files.stat(marker, options)) !== undefined) return;
      throw new RuntimeError("not_found", `The sandbox of session ${sessionId} has ended: create a new session.`);
    });

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    await Promise.all([...this.#held.values()].map(async (held) => held.stop()));
    this.#held.clear();
  }

  async #open(
    sessionId: string | undefined,
    signal: AbortSignal | undefined,
    check?: (sandbox: ReachableSandboxLike, options: CallOptions) => Promise<void>,
  ): Promise<AiSdkNetworkSandbox> {
    const options = signal === undefined ? {} : { signal };
    this.#lifetime.assertOpen(options);
    const { userId, type = "base" } = this.#options;
    const key = { userId, sessionId: sessionId ?? crypto.randomUUID() };
    const lease = await this.#sandboxes.connect(key, [type], options);
    try {
      const workspace = await lease.sandbox.files.stat(".", options);
      if (workspace === undefined) {
        throw new RuntimeError("unavailable", `The sandbox ${lease.sandbox.id} has no workspace.`);
      }
      await check?.(lease.sandbox, options);
      this.#lifetime.assertOpen(options);
      const held = await this.#hold(key.sessionId, lease);
      return this.#toSession(held, { key, root: workspace.path, isNamed: sessionId !== undefined });
    } catch (thrown) {
      await lease[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Instead of the one that was detached. Its commands go on, and end with this one. */
  async #hold(sessionId: string, lease: SandboxLeaseLike): Promise<HeldSandbox> {
    const former = this.#held.get(sessionId);
    const isSame = former !== undefined && former.id === lease.sandbox.id;
    const { ports = [] } = this.#options;
    const held = new HeldSandbox({ lease, ports, end: isSame ? former.end : new AbortController() });
    this.#held.set(sessionId, held);
    await former?.leave();
    return held;
  }

  #toSession(
    held: HeldSandbox,
    { key, root, isNamed }: { readonly key: SessionKey; readonly root: string; readonly isNamed: boolean },
  ): AiSdkNetworkSandbox {
    const { timeoutMs = aDay, description } = this.#options;
    const restricted = toAiSdkSandbox(held.sandbox, { timeoutMs, ...(description !== undefined && { description }) });
    const stop = async (): Promise<void> => {
      if (this.#held.get(key.sessionId) === held) this.#held.delete(key.sessionId);
      await held.stop();
    };
    const destroy = async (): Promise<void> => {
      await stop();
      await this.#sandboxes.release(key);
    };
    const getPortUrl = async ({ port, protocol = "http" }: PortOptions): Promise<string> => {
      if (protocol === "https") {
        throw new RuntimeError("unimplemented", "Ports are reached on the loopback, without TLS: ask for http or ws.");
      }
      return `${protocol}://127.0.0.1:${await held.reach(port)}`;
    };
    return {
      ...restricted,
      id: held.id,
      defaultWorkingDirectory: root,
      get ports() {
        return held.ports;
      },
      getPortUrl,
      getPortEndpoint: async (options) => ({ url: await getPortUrl(options) }),
      setPorts: async (ports) => held.setPorts(ports),
      setNetworkPolicy: async () => {
        const message = "Where a sandbox may connect to is fixed when it is made: set `egress` of its type.";
        throw new RuntimeError("unimplemented", message);
      },
      stop: isNamed ? stop : destroy,
      destroy,
      restricted: () => restricted,
    };
  }
}
