import type { CallOptions } from "@agentscope-runtime/services";
import { BoxClient } from "../box/box-client.ts";
import type { BoxCall } from "../box/box-client.ts";
import { abilitiesSchema, recordSchema, recordsReplySchema } from "../host/host-schemas.ts";
import type { SandboxAbilities, SandboxBackend, SandboxRecord } from "../sandbox-backend.ts";
import type { SandboxSpec } from "../sandbox-spec.ts";
import type { OwnedSandbox } from "../sandbox.ts";
import { openRemoteSandbox } from "./remote-sandbox.ts";

export interface RemoteSandboxBackendOptions {
  /** Where the manager is: `https://sandboxes.example.com`. */
  readonly url: string;
  /** Sent as bearer token. */
  readonly token?: string;
}

/**
 * The sandboxes of a manager elsewhere. The types are the manager's: of a spec's type only the name is sent. Disposing ends the
 * sandboxes that this object made.
 */
export class RemoteSandboxBackend implements SandboxBackend {
  readonly name = "remote";
  readonly #options: RemoteSandboxBackendOptions;
  readonly #client: BoxClient;
  readonly #own = new Set<OwnedSandbox>();

  constructor(options: RemoteSandboxBackendOptions) {
    this.#options = options;
    this.#client = new BoxClient({ id: "manager", transport: options });
  }

  async abilities({ signal }: CallOptions = {}): Promise<SandboxAbilities> {
    return this.#client.json({ method: "GET", path: "/abilities", signal }, abilitiesSchema);
  }

  /** An abort waits for the manager's answer, so that no sandbox is left there. */
  async create({ type, ...changes }: SandboxSpec, { signal }: CallOptions = {}): Promise<OwnedSandbox> {
    signal?.throwIfAborted();
    const body = JSON.stringify({ ...changes, type: type.name });
    const record = await this.#client.json({ method: "POST", path: "/sandboxes", body }, recordSchema);
    if (signal?.aborted === true) {
      await this.#end(record.id);
      throw signal.reason;
    }
    return this.#open(record);
  }

  async attach(id: string, { signal }: CallOptions = {}): Promise<OwnedSandbox> {
    const call: BoxCall = { method: "GET", path: `/sandboxes/${encodeURIComponent(id)}`, signal };
    return this.#open(await this.#client.json(call, recordSchema));
  }

  async list({ signal }: CallOptions = {}): Promise<readonly SandboxRecord[]> {
    return (await this.#client.json({ method: "GET", path: "/sandboxes", signal }, recordsReplySchema)).items;
  }

  async deleteSnapshot(id: string, { signal }: CallOptions = {}): Promise<void> {
    const response = await this.#client.send({
      method: "DELETE",
      path: `/snapshots/${encodeURIComponent(id)}`,
      signal,
    });
    response.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#own].map((sandbox) => sandbox[Symbol.asyncDispose]()));
    this.#client.close();
  }

  async #open({ id, type }: SandboxRecord): Promise<OwnedSandbox> {
    const sandbox = await openRemoteSandbox({ ...this.#options, id, type, manager: this.#client });
    this.#own.add(sandbox);
    void sandbox.ended.then(() => this.#own.delete(sandbox));
    return sandbox;
  }

  async #end(id: string): Promise<void> {
    const response = await this.#client.send({ method: "DELETE", path: `/sandboxes/${encodeURIComponent(id)}` });
    response.resume();
  }
}
