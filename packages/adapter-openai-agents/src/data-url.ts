/** Base64 has no colon, every URL has one. */
export function isUrl(text: string): boolean {
  return text.includes(":");
}

export function dataUrl(mediaType: string, base64: string): string {
  return `data:${mediaType};base64,${base64}`;
}

/** The type and the base64 of a `data:` URL; undefined for anything else. */
export function readDataUrl(url: string): { readonly mediaType: string; readonly base64: string } | undefined {
  const [, mediaType, base64] = /^data:([^;,]*)(?:;[^;,]*)*;base64,(.*)$/is.exec(url) ?? [];
  if (mediaType === undefined || base64 === undefined) return undefined;
  return { mediaType: mediaType === "" ? "application/octet-stream" : mediaType, base64 };
}
