import { randomBytes } from "node:crypto";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { resolveSandboxSpec } from "@agentscope-runtime/sandbox";
import type {
  OwnedSandbox,
  ResolvedSandboxSpec,
  SandboxAbilities,
  SandboxBackend,
  SandboxRecord,
  SandboxSpec,
} from "@agentscope-runtime/sandbox";
import type { CallOptions } from "@agentscope-runtime/services";
import type { BoxShelf } from "./box-shelf.ts";
import { EmbeddedSandbox } from "./embedded-sandbox.ts";
import type { SandboxBody } from "./embedded-sandbox.ts";

/** What one form of embedded sandboxes is, besides what all have in common. */
export interface EmbeddedForm {
  readonly name: string;
  readonly shelf: BoxShelf;
  readonly abilities: SandboxAbilities & { readonly types: readonly string[] };
  /** Makes what is under a sandbox, and leaves nothing when it rejects. */
  openBody(record: SandboxRecord, spec: ResolvedSandboxSpec, options: CallOptions): Promise<SandboxBody>;
  /** Puts a snapshot's files into a new sandbox. */
  restore?(sandbox: OwnedSandbox, path: string, options: CallOptions): Promise<void>;
  /** Ends what it keeps beside sandboxes. */
  close?(): Promise<void>;
}

/** Sandboxes that end with this process. */
export class EmbeddedBackend implements SandboxBackend {
  readonly #form: EmbeddedForm;
  readonly #sandboxes = new Map<string, EmbeddedSandbox>();
  #isOver = false;

  constructor(form: EmbeddedForm) {
    this.#form = form;
  }

  get name(): string {
    return this.#form.name;
  }

  async abilities(options?: CallOptions): Promise<SandboxAbilities> {
    this.#assertOpen(options);
    return this.#form.abilities;
  }

  async create(spec: SandboxSpec, options: CallOptions = {}): Promise<OwnedSandbox> {
    this.#assertOpen(options);
    const resolved = resolveSandboxSpec(spec);
    this.#assertPossible(resolved);
    const { shelf } = this.#form;
    const snapshot = resolved.snapshot === undefined ? undefined : shelf.snapshotPath(resolved.snapshot);
    const sandbox = new EmbeddedSandbox(await this.#openBody(resolved, options), resolved);
    this.#sandboxes.set(sandbox.id, sandbox);
    void sandbox.ended.then(() => this.#sandboxes.delete(sandbox.id));
    try {
      if (snapshot !== undefined) await this.#form.restore?.(sandbox, snapshot, options);
      const { mcpServers } = resolved.type;
      if (mcpServers !== undefined) await sandbox.addMcpServers(mcpServers, options);
      this.#assertOpen(options);
      return sandbox;
    } catch (thrown) {
      await sandbox[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async attach(id: string, options?: CallOptions): Promise<OwnedSandbox> {
    this.#assertOpen(options);
    throw new RuntimeError(
      "unimplemented",
      `attach: sandbox ${id} of ${this.name} ends with the process that made it.`,
    );
  }

  async list(options?: CallOptions): Promise<readonly SandboxRecord[]> {
    this.#assertOpen(options);
    return this.#form.shelf.list();
  }

  async deleteSnapshot(id: string, options?: CallOptions): Promise<void> {
    this.#assertOpen(options);
    await this.#form.shelf.removeSnapshot(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all([...this.#sandboxes.values()].map(async (sandbox) => sandbox[Symbol.asyncDispose]()));
    await this.#form.close?.();
    this.#form.shelf.tidy();
  }

  async #openBody(spec: ResolvedSandboxSpec, options: CallOptions): Promise<SandboxBody> {
    const { shelf } = this.#form;
    const { type, labels } = spec;
    const id = `${type.name}-${randomBytes(8).toString("hex")}`;
    const record = { id, type: type.name, state: "running" as const, createdAt: Date.now(), labels };
    shelf.note(record);
    try {
      return await this.#form.openBody(record, spec, options);
    } catch (thrown) {
      await shelf.remove(id);
      throw thrown;
    }
  }

  #assertOpen(options?: CallOptions): void {
    options?.signal?.throwIfAborted();
    if (this.#isOver) throw new RuntimeError("unavailable", `The ${this.name} backend has been disposed.`);
  }

  #assertPossible({ type, egress }: ResolvedSandboxSpec): void {
    const { types } = this.#form.abilities;
    if (!types.includes(type.name)) {
      const message = `${this.name} makes sandboxes of the types ${types.join(", ")}, and none of the type ${type.name}: it has no images.`;
      throw new RuntimeError("unimplemented", message, { details: { field: "type" } });
    }
    if (egress.length === 0) return;
    throw new RuntimeError("unimplemented", `egress: ${this.name} sandboxes have no network. Use Docker for them.`, {
      details: { field: "egress" },
    });
  }
}
