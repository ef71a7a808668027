import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { baseSandboxType } from "@agentscope-runtime/sandbox";
import type { SandboxSpec } from "@agentscope-runtime/sandbox";
import type { BackendSubject } from "@agentscope-runtime/sandbox/testing";
import { openDockerBackend } from "../docker-sandbox-backend.ts";
import type { DockerBackendOptions, DockerSandboxBackend } from "../docker-sandbox-backend.ts";

/** A backend with an owner and a directory of its own. Disposing checks nothing and removes everything. */
export interface TestBackend extends AsyncDisposable {
  readonly backend: DockerSandboxBackend;
  readonly owner: string;
  readonly directory: string;
  /** Another one, as another process has it. */
  openPeer(): Promise<DockerSandboxBackend>;
}

export async function openTestBackend(options: DockerBackendOptions = {}): Promise<TestBackend> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "docker-test-")));
  const owner = options.owner ?? `test-${crypto.randomUUID()}`;
  const openPeer = (): Promise<DockerSandboxBackend> => openDockerBackend({ ...options, owner, directory });
  const backend = await openPeer();
  return {
    backend,
    owner,
    directory,
    openPeer,
    [Symbol.asyncDispose]: async () => {
      // What a killed process left, where a test has not got to its end.
      for (const { id } of await backend.list().catch(() => []))
        await (await backend.attach(id))[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The base type on an image, small. */
export function specOn(image: string, change: Partial<SandboxSpec> = {}): SandboxSpec {
  const limits = { memoryBytes: 384 * 1024 * 1024, diskBytes: 128 * 1024 * 1024, processes: 128, cpus: 1 };
  return { type: { ...baseSandboxType, image, limits }, ...change };
}

/** What the suite of backends asks for. */
export async function backendOn(image: string, options?: DockerBackendOptions): Promise<BackendSubject> {
  const opened = await openTestBackend(options);
  return { backend: opened.backend, spec: specOn(image), [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

/** One backend for the tests of a `describe`. */
export function backendForAll(options?: DockerBackendOptions): () => DockerSandboxBackend {
  let opened: TestBackend | undefined;
  beforeAll(async () => {
    opened = await openTestBackend(options);
  });
  afterAll(() => opened?.[Symbol.asyncDispose]());
  return () => {
    if (opened === undefined) throw new Error("The backend is there from `beforeAll` on.");
    return opened.backend;
  };
}
