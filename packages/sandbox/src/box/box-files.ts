import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { FileChange, FileData, FileEntry, ListFilesOptions, NewFile, SandboxFiles } from "../sandbox-files.ts";
import type { BoxClient } from "./box-client.ts";
import {
  changesEventSchema,
  doneReplySchema,
  entryReplySchema,
  listReplySchema,
  madeReplySchema,
  statReplySchema,
} from "./box-schemas.ts";

/** The files of a box, over the box protocol. */
export class BoxFiles implements SandboxFiles {
  readonly #client: BoxClient;

  constructor(client: BoxClient) {
    this.#client = client;
  }

  async read(path: string, { signal }: CallOptions = {}): Promise<Uint8Array> {
    const call = { method: "GET", path: `/files?whole=1&path=${toQuery(path)}`, signal } as const;
    return Buffer.concat(await Array.fromAsync(this.#client.bytes(call)));
  }

  async readText(path: string, options?: CallOptions): Promise<string> {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await this.read(path, options));
  }

  stream(path: string, { signal }: CallOptions = {}): AsyncIterable<Uint8Array> {
    return this.#client.bytes({ method: "GET", path: `/files?path=${toQuery(path)}`, signal });
  }

  async write(path: string, data: FileData, { signal }: CallOptions = {}): Promise<FileEntry> {
    const body = typeof data === "string" ? Buffer.from(data) : data;
    const call = { method: "PUT", path: `/files?path=${toQuery(path)}`, body, signal } as const;
    return (await this.#client.json(call, entryReplySchema)).entry;
  }

  async writeMany(files: readonly NewFile[], options?: CallOptions): Promise<readonly FileEntry[]> {
    const entries: FileEntry[] = [];
    for (const { path, data } of files) entries.push(await this.write(path, data, options));
    return entries;
  }

  async list(path: string, { signal, depth, limit }: ListFilesOptions = {}): Promise<readonly FileEntry[]> {
    const body = JSON.stringify({ path, depth, limit });
    const { entries } = await this.#client.json({ method: "POST", path: "/files/list", body, signal }, listReplySchema);
    return entries;
  }

  async stat(path: string, { signal }: CallOptions = {}): Promise<FileEntry | undefined> {
    const call = { method: "POST", path: "/files/stat", body: JSON.stringify({ path }), signal } as const;
    return (await this.#client.json(call, statReplySchema)).entry;
  }

  async move(source: string, destination: string, { signal }: CallOptions = {}): Promise<FileEntry> {
    const body = JSON.stringify({ source, destination });
    const call = { method: "POST", path: "/files/move", body, signal } as const;
    return (await this.#client.json(call, entryReplySchema)).entry;
  }

  async remove(path: string, { signal }: CallOptions = {}): Promise<void> {
    const call = { method: "POST", path: "/files/remove", body: JSON.stringify({ path }), signal } as const;
    await this.#client.json(call, doneReplySchema);
  }

  async mkdir(path: string, { signal }: CallOptions = {}): Promise<boolean> {
    const call = { method: "POST", path: "/files/mkdir", body: JSON.stringify({ path }), signal } as const;
    return (await this.#client.json(call, madeReplySchema)).made;
  }

  async *watch(path: string, { signal }: CallOptions = {}): AsyncGenerator<readonly FileChange[], void, undefined> {
    const call = { method: "POST", path: "/files/watch", body: JSON.stringify({ path }), signal } as const;
    for await (const event of this.#client.lines(call, changesEventSchema)) {
      if (!("changes" in event)) throw RuntimeError.fromInfo(event.error);
      yield event.changes;
    }
  }
}

function toQuery(path: string): string {
  if (path.isWellFormed()) return encodeURIComponent(path);
  const message = "Invalid path: it has half of a character.";
  throw new RuntimeError("invalid_argument", message, { details: { field: "path" } });
}
