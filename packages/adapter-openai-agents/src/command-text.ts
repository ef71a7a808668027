const bytesPerToken = 4;

/** What a model is told of a command, in the words that the SDK's own sandboxes use. */
export interface CommandReport {
  readonly output: string;
  readonly wallTimeSeconds: number;
  readonly exitCode?: number | undefined;
  /** Of a command that goes on. */
  readonly sessionId?: number | undefined;
  readonly originalTokenCount?: number | undefined;
}

export function commandText({
  output,
  wallTimeSeconds,
  exitCode,
  sessionId,
  originalTokenCount,
}: CommandReport): string {
  return [
    `Wall time: ${wallTimeSeconds.toFixed(4)} seconds`,
    ...(sessionId === undefined ? [] : [`Process running with session ID ${sessionId}`]),
    ...(exitCode === undefined ? [] : [`Process exited with code ${exitCode}`]),
    ...(originalTokenCount === undefined ? [] : [`Original token count: ${originalTokenCount}`]),
    "Output:",
    output,
  ].join("\n");
}

/** A text's beginning and end, so that it has no more than about that many tokens. */
export function shortened(
  text: string,
  maxTokens: number | undefined,
): { readonly text: string; readonly originalTokenCount?: number } {
  const limit = (maxTokens ?? Number.POSITIVE_INFINITY) * bytesPerToken;
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return { text };
  const half = Math.max(0, Math.floor(limit / 2));
  const dropped = Math.ceil((bytes.length - 2 * half) / bytesPerToken);
  // A character that was cut is none.
  const [head, tail] = [bytes.subarray(0, half), bytes.subarray(bytes.length - half)].map((part) =>
    part.toString("utf8").replaceAll("\uFFFD", ""),
  );
  const originalTokenCount = Math.ceil(bytes.length / bytesPerToken);
  return { text: `${head}...${dropped} tokens truncated...${tail}`, originalTokenCount };
}
