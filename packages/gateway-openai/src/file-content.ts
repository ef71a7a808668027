import type { ContentInput } from "@agentscope-runtime/protocol";

/** A file as both of OpenAI's protocols name it. */
export interface OpenAiFile {
  readonly file_id?: string | null | undefined;
  readonly file_url?: string | null | undefined;
  readonly file_data?: string | null | undefined;
  readonly filename?: string | null | undefined;
}

export function toFileContent({ file_id, file_url, file_data, filename }: OpenAiFile): ContentInput {
  return {
    type: "file",
    file_id: file_id ?? null,
    file_url: file_url ?? null,
    file_data: file_data ?? null,
    filename: filename ?? null,
  };
}
