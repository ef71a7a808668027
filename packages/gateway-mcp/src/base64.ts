export interface Bytes {
  readonly mimeType: string;
  /** Base64, as clients check it. */
  readonly data: string;
}

const parts = /^data:([^;,]*)(?:;[^,]*)?,/;

/** The bytes of a base64 `data:` URL, or of bare base64; undefined of anything else, such as an https: URL. */
export function bytesOf(source: string, mimeType: string): Bytes | undefined {
  const [head, type] = parts.exec(source) ?? [];
  if (head !== undefined && !head.includes(";base64")) return undefined;
  const data = base64Of(source.slice(head?.length ?? 0));
  if (data === undefined) return undefined;
  return { mimeType: type === undefined || type === "" ? mimeType : type, data };
}

/** Base64 with its padding and the usual letters; undefined when it is none. */
function base64Of(text: string): string | undefined {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return undefined;
  const isUsual = text.length % 4 === 0 && !/[_-]/.test(text);
  return isUsual ? text : Buffer.from(text, "base64").toString("base64");
}
