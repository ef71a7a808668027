import { errorInfoSchema } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { cellOutputSchema } from "../cell-output-schema.ts";

// What is sent to a box: strict, so that a misspelt field is told. What comes back: only what is read.

const command = z.union([z.string(), z.tuple([z.string()], z.string())]);

export const execRequestSchema = z.strictObject({
  /** Chosen by the caller, to cancel it by. */
  id: z.string().min(1).max(100),
  /** A string is a command line for a shell. */
  command,
  cwd: z.string().exactOptional(),
  env: z.record(z.string(), z.string()).exactOptional(),
  timeoutMs: z.number().exactOptional(),
  maxOutputBytes: z.number().exactOptional(),
  limits: z
    .strictObject({
      cpuSeconds: z.number().exactOptional(),
      memoryBytes: z.number().exactOptional(),
      fileBytes: z.number().exactOptional(),
    })
    .exactOptional(),
  /** What follows the first line of the body is its stdin. */
  stdin: z.boolean(),
});

export const cellRequestSchema = z.strictObject({ code: z.string(), timeoutMs: z.number().exactOptional() });

const path = z.string();

export const pathRequestSchema = z.strictObject({ path });
export const listRequestSchema = z.strictObject({
  path,
  depth: z.number().exactOptional(),
  limit: z.number().exactOptional(),
});
export const moveRequestSchema = z.strictObject({ source: path, destination: path });
export const commitRequestSchema = z.strictObject({ message: z.string() });
export const diffRequestSchema = z.strictObject({ from: z.string().exactOptional(), to: z.string().exactOptional() });
export const toolRequestSchema = z.strictObject({ name: z.string(), arguments: z.unknown() });

const environment = z.record(z.string(), z.string());

export const mcpServerConfigSchema = z.union([
  z.strictObject({
    command: z.string().min(1),
    args: z.array(z.string()).exactOptional(),
    env: environment.exactOptional(),
  }),
  z.strictObject({
    url: z.string().min(1),
    headers: environment.exactOptional(),
    type: z.enum(["streamable_http", "sse"]).exactOptional(),
  }),
]);

export const mcpServersRequestSchema = z.strictObject({
  servers: z.record(z.string().min(1).max(100), mcpServerConfigSchema),
  overwrite: z.boolean().exactOptional(),
});

const errorEvent = z.object({ type: z.literal("error"), error: errorInfoSchema });

export const execEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("stdout"), text: z.string() }),
  z.object({ type: z.literal("stderr"), text: z.string() }),
  z.object({
    type: z.literal("exit"),
    exitCode: z.number(),
    stopped: z.enum(["timeout", "output_limit", "out_of_memory"]).exactOptional(),
  }),
  errorEvent,
]);

/** A cell's own exceptions are outputs; `failed` is what keeps it from being run. */
export const cellEventSchema = z.discriminatedUnion("type", [
  ...cellOutputSchema.options,
  z.object({
    type: z.literal("end"),
    isError: z.boolean(),
    stopped: z.enum(["timeout", "output_limit", "kernel_died"]).exactOptional(),
  }),
  z.object({ type: z.literal("failed"), error: errorInfoSchema }),
]);

const fileEntrySchema = z.object({
  path,
  name: z.string(),
  type: z.enum(["file", "directory", "link", "other"]),
  size: z.number().exactOptional(),
  modifiedAt: z.number(),
});

export const changesEventSchema = z.union([
  z.object({ changes: z.array(z.object({ path, type: z.enum(["created", "changed", "removed"]) })) }),
  errorEvent,
]);

const commit = z.object({ id: z.string(), message: z.string(), committedAt: z.number() });

export const healthReplySchema = z.object({ status: z.literal("ready") });
export const entryReplySchema = z.object({ entry: fileEntrySchema });
export const statReplySchema = z.object({ entry: fileEntrySchema.exactOptional() });
export const listReplySchema = z.object({ entries: z.array(fileEntrySchema) });
export const madeReplySchema = z.object({ made: z.boolean() });
export const doneReplySchema = z.object({});
export const commitReplySchema = z.object({ commit: commit.exactOptional() });
export const diffReplySchema = z.object({ diff: z.string() });
export const logReplySchema = z.object({ commits: z.array(commit) });
export const toolsReplySchema = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      description: z.string(),
      inputSchema: z.record(z.string(), z.unknown()),
      server: z.string(),
    }),
  ),
});
export const toolReplySchema = z.object({
  content: z.array(z.looseObject({ type: z.string() })),
  isError: z.boolean(),
  structuredContent: z.record(z.string(), z.unknown()).exactOptional(),
});
export const errorReplySchema = z.object({ error: errorInfoSchema });
