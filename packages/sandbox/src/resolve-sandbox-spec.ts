import { parse } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { SandboxLimits, SandboxSpec, SandboxType } from "./sandbox-spec.ts";

/** A spec with nothing left open: the type's values, changed as the spec says. */
export interface ResolvedSandboxSpec {
  readonly type: SandboxType;
  readonly limits: SandboxLimits;
  readonly environment: Readonly<Record<string, string>>;
  readonly egress: readonly { readonly host: string; readonly ports: readonly number[] }[];
  readonly ttlMs: number;
  readonly snapshot: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

const defaultTtlMs = 3_600_000;
const defaultPorts = [80, 443];
const host = z
  .string()
  .max(253)
  .regex(
    /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i,
    "expected a host name, or *. and one",
  );
const environmentSchema = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected a variable's name: letters, digits and _"),
  z.string().regex(/^[^\0]*$/, "must not have a NUL character"),
);
const egressSchema = z.array(
  z.strictObject({ host, ports: z.array(z.int().min(1).max(65_535)).min(1).default(defaultPorts) }),
);
const limitsSchema = z.strictObject({
  memoryBytes: z.int().min(16 * 1024 * 1024),
  cpus: z.number().positive().max(1024),
  processes: z.int().min(8),
  diskBytes: z.int().min(1024 * 1024),
});

const specSchema = z.strictObject({
  type: z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "expected 1 to 40 lower-case letters, digits and -"),
    description: z.string(),
    image: z.string().min(1),
    limits: limitsSchema,
    environment: environmentSchema.default({}),
    egress: egressSchema.default([]),
    mcpServers: z.record(z.string(), z.unknown()).optional(),
  }),
  limits: limitsSchema.partial().default({}),
  environment: environmentSchema.default({}),
  egress: egressSchema.optional(),
  ttlMs: z.int().positive().default(defaultTtlMs),
  snapshot: z.string().min(1).optional(),
  labels: z.record(z.string().min(1).max(63), z.string().max(1024)).default({}),
});

/** For those who implement a backend: what a spec means. `invalid_argument` names the field that makes no sense. */
export function resolveSandboxSpec(spec: SandboxSpec): ResolvedSandboxSpec {
  const {
    type,
    limits,
    environment,
    egress = type.egress,
    ttlMs,
    snapshot,
    labels,
  } = parse(specSchema, spec, "sandbox");
  return {
    type: spec.type,
    limits: {
      memoryBytes: limits.memoryBytes ?? type.limits.memoryBytes,
      cpus: limits.cpus ?? type.limits.cpus,
      processes: limits.processes ?? type.limits.processes,
      diskBytes: limits.diskBytes ?? type.limits.diskBytes,
    },
    environment: { ...type.environment, ...environment },
    egress,
    ttlMs,
    snapshot,
    labels,
  };
}
