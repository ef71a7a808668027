import { randomUUID } from "node:crypto";
import { parseTtl, words } from "@agentscope-runtime/services";
import type { Memory, MemoryScope, NewMemory } from "@agentscope-runtime/services";
import { toVectorText } from "./vector-text.ts";

/** A memory that is not in Redis yet. */
export interface MemoryDraft {
  readonly id: string;
  readonly text: string;
  /** All that does not depend on the time, as JSON text. */
  readonly facts: string;
  readonly ttlMs: number | undefined;
  /** How many words the text has, and how often each. */
  readonly length: number;
  readonly counts: ReadonlyMap<string, number>;
}

export function toDraft({ userId, sessionId }: MemoryScope, { text, metadata = {}, ttlMs }: NewMemory): MemoryDraft {
  const id = `mem_${randomUUID()}`;
  const found = words(text);
  const counts = new Map<string, number>();
  for (const word of found) counts.set(word, (counts.get(word) ?? 0) + 1);
  return {
    id,
    text,
    facts: JSON.stringify({ id, userId, sessionId, text, metadata }),
    ttlMs: ttlMs === undefined ? undefined : parseTtl(ttlMs),
    length: found.length,
    counts,
  };
}

/** A draft as `addMemories` takes it. */
export function toArguments(
  { id, facts, ttlMs, length, counts }: MemoryDraft,
  vector: Float32Array | undefined,
): (string | number)[] {
  const vectorText = vector === undefined ? "" : toVectorText(vector);
  return [id, facts, ttlMs ?? "", vectorText, length, counts.size, ...[...counts].flat()];
}

export function toMemory(facts: string, createdAt: number, expiresAt: number | undefined): Memory {
  const { id, userId, sessionId, text, metadata } = JSON.parse(facts) as Memory; // Our own text of one.
  return { id, userId, sessionId, text, metadata, createdAt, expiresAt };
}
