import type { Content } from "@agentscope-runtime/protocol";

/** The first data part, when it is what its message's type says. */
export function dataOf<T>(
  parts: readonly Content[],
  schema: { safeParse(value: unknown): { readonly data?: T | undefined } },
): T | undefined {
  const part = parts.find(({ type }) => type === "data");
  return part?.type === "data" ? schema.safeParse(part.data).data : undefined;
}
