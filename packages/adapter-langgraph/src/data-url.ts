/** What a `data:` URL holds; undefined when it is none in base64. */
export function parseDataUrl(url: string): { readonly mediaType: string; readonly data: string } | undefined {
  const found = /^data:([^,]*);base64,/i.exec(url);
  return found === null ? undefined : { mediaType: found[1] ?? "", data: url.slice(found[0].length) };
}
