const beginnings: readonly (readonly [mediaType: string, pattern: RegExp])[] = [
  ["image/png", /^\x89PNG\r\n/],
  ["image/jpeg", /^\xFF\xD8\xFF/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[^]{4}WEBP/],
  ["image/bmp", /^BM/],
  ["image/svg+xml", /^\s*(<\?xml[^]*)?<svg/i],
];

/** What kind of image these bytes are; undefined for none. */
export function imageTypeOf(bytes: Uint8Array): string | undefined {
  const beginning = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  return beginnings.find(([, pattern]) => pattern.test(beginning))?.[0];
}
