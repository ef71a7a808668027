import { z } from "zod";

const environment = z.record(z.string(), z.string());

/** `POST /sandboxes`. What the values may be is checked where a spec gets its meaning. */
export const createRequestSchema = z.strictObject({
  type: z.string(),
  limits: z
    .strictObject({
      memoryBytes: z.number().exactOptional(),
      cpus: z.number().exactOptional(),
      processes: z.number().exactOptional(),
      diskBytes: z.number().exactOptional(),
    })
    .exactOptional(),
  environment: environment.exactOptional(),
  egress: z.array(z.strictObject({ host: z.string(), ports: z.array(z.number()).exactOptional() })).exactOptional(),
  ttlMs: z.number().exactOptional(),
  snapshot: z.string().exactOptional(),
  labels: environment.exactOptional(),
});

export const extendRequestSchema = z.strictObject({ ttlMs: z.int().positive() });

export const linkRequestSchema = z.strictObject({
  port: z.int().min(1).max(65_535),
  /** How long the link opens the port, in milliseconds. */
  ttlMs: z
    .int()
    .positive()
    .max(24 * 3_600_000)
    .default(3_600_000),
});

export const linkReplySchema = z.object({ path: z.string(), expiresAt: z.number() });

export const recordSchema = z.object({
  id: z.string(),
  type: z.string(),
  state: z.enum(["running", "paused"]),
  createdAt: z.number(),
  labels: environment,
});

export const recordsReplySchema = z.object({ items: z.array(recordSchema) });

export const abilitiesSchema = z.object({
  isolation: z.enum(["none", "process", "container", "gvisor", "vm"]),
  missing: z.array(z.string()),
  snapshots: z.enum(["none", "disk", "memory"]),
  types: z.array(z.string()).exactOptional(),
});

export const typesReplySchema = z.object({
  items: z.array(z.object({ name: z.string(), description: z.string() })),
});

export const snapshotReplySchema = z.object({ id: z.string(), kind: z.enum(["memory", "disk"]) });

export const endEventSchema = z.object({
  reason: z.enum(["disposed", "expired", "idle", "out_of_memory", "exited", "killed", "engine_lost"]),
  message: z.string(),
});
