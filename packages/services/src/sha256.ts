/**
 * The SHA-256 of a text. `node:crypto` is loaded with the first one, and not with this package: that would take a tenth of
 * the time that importing the runtime does.
 */
export function sha256(text: string, encoding: "base64url" | "hex" = "base64url"): string {
  return process.getBuiltinModule("node:crypto").hash("sha256", text, encoding);
}
