import { RuntimeError } from "@agentscope-runtime/protocol";
import type { SandboxLike } from "./sandbox-like.ts";

/** `applyDiff` of the SDK. */
export type ApplyDiff = (input: string, diff: string, mode?: "default" | "create") => string;

interface EditorOptions {
  readonly applyDiff: ApplyDiff;
  readonly signal?: AbortSignal;
}

interface FilePatch {
  readonly path: string;
  readonly diff: string;
}

/** An `Editor` of the OpenAI Agents SDK: patches the files of a sandbox. */
export class SandboxEditor {
  readonly #files: SandboxLike["files"];
  readonly #applyDiff: ApplyDiff;
  readonly #signal: { readonly signal?: AbortSignal };

  constructor({ files }: SandboxLike, { applyDiff, signal }: EditorOptions) {
    this.#files = files;
    this.#applyDiff = applyDiff;
    this.#signal = signal === undefined ? {} : { signal };
  }

  async createFile({ path, diff }: FilePatch): Promise<void> {
    if ((await this.#files.stat(path, this.#signal)) !== undefined) {
      throw new RuntimeError("conflict", `Cannot create ${path}: it is there already.`);
    }
    await this.#files.write(path, this.#applyDiff("", diff, "create"), this.#signal);
  }

  async updateFile({ path, diff, moveTo }: FilePatch & { readonly moveTo?: string | undefined }): Promise<void> {
    const text = this.#applyDiff(await this.#files.readText(path, this.#signal), diff);
    await this.#files.write(moveTo ?? path, text, this.#signal);
    if (moveTo !== undefined && moveTo !== path) await this.#files.remove(path, this.#signal);
  }

  async deleteFile({ path }: { readonly path: string }): Promise<void> {
    const found = await this.#files.stat(path, this.#signal);
    if (found === undefined) throw new RuntimeError("not_found", `Cannot delete ${path}: it is not there.`);
    if (found.type === "directory") {
      throw new RuntimeError("invalid_argument", `Cannot delete ${path}: it is a directory.`);
    }
    await this.#files.remove(path, this.#signal);
  }
}
