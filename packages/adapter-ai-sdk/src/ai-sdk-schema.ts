import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";

/** What is needed of any schema that the SDK takes. */
export interface AiSdkSchema {
  readonly jsonSchema: Readonly<Record<string, unknown>>;
  readonly validate: (value: unknown) => Promise<{ readonly value: unknown; readonly problem?: string | undefined }>;
}

/** The SDK knows its own schemas by this. */
export const schemaSymbol = Symbol.for("vercel.ai.schema");

interface OwnSchema {
  readonly jsonSchema: unknown;
  readonly validate?: (value: unknown) => unknown;
}

interface StandardSchema {
  readonly validate: (value: unknown) => unknown;
  readonly jsonSchema?: { readonly input: (options: { readonly target: string }) => unknown };
}

/** Reads a schema of the SDK's own, a lazy one, one of zod 4, or any that tells its JSON Schema in the standard way. */
export async function readSchema(name: string, given: unknown): Promise<AiSdkSchema> {
  const schema: unknown = isLazy(given) ? given() : given;
  if (isOwn(schema)) {
    const { jsonSchema } = schema;
    return { jsonSchema: objectOf(name, await jsonSchema), validate: async (value) => ownCheck(schema, value) };
  }
  const standard = standardOf(schema);
  const written = standard?.jsonSchema?.input({ target: "draft-2020-12" });
  if (standard === undefined || written === undefined) throw unreadable(name);
  return { jsonSchema: objectOf(name, written), validate: async (value) => standardCheck(standard, value) };
}

function isLazy(schema: unknown): schema is () => unknown {
  return typeof schema === "function" && !("~standard" in schema);
}

function isOwn(schema: unknown): schema is OwnSchema {
  return typeof schema === "object" && schema !== null && schemaSymbol in schema;
}

function standardOf(schema: unknown): StandardSchema | undefined {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null) return undefined;
  // Who has this field says that it keeps to the standard.
  return "~standard" in schema ? (schema["~standard"] as StandardSchema) : undefined;
}

const ownCheckSchema = z.union([
  z.object({ success: z.literal(true), value: z.unknown().optional() }),
  z.object({ success: z.literal(false), error: z.object({ message: z.string() }) }),
]);

async function ownCheck(schema: OwnSchema, value: unknown): Promise<{ value: unknown; problem?: string }> {
  if (schema.validate === undefined) return { value };
  const checked = ownCheckSchema.parse(await schema.validate(value));
  return checked.success ? { value: checked.value } : { value, problem: checked.error.message };
}

const keySchema = z.union([z.object({ key: z.unknown() }).transform(({ key }) => key), z.unknown()]);
const standardCheckSchema = z.object({
  value: z.unknown().optional(),
  issues: z.array(z.object({ message: z.string(), path: z.array(keySchema).optional() })).optional(),
});

async function standardCheck(schema: StandardSchema, value: unknown): Promise<{ value: unknown; problem?: string }> {
  const checked = standardCheckSchema.parse(await schema.validate(value));
  if (checked.issues === undefined) return { value: checked.value };
  const told = checked.issues.map(({ path = [], message }) =>
    path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`,
  );
  return { value, problem: told.join("; ") };
}

function objectOf(name: string, jsonSchema: unknown): Readonly<Record<string, unknown>> {
  if (typeof jsonSchema !== "object" || jsonSchema === null) throw unreadable(name);
  const { $schema: _, ...schema } = jsonSchema as Readonly<Record<string, unknown>>; // An object.
  if (schema["type"] === "object" || schema["type"] === undefined) return schema;
  throw new RuntimeError("invalid_argument", `The tool ${name} takes no object: models send one.`);
}

function unreadable(name: string): RuntimeError {
  const message = `The schema of the tool ${name} cannot be read: use zod 4, jsonSchema() or zodSchema() of the SDK.`;
  return new RuntimeError("invalid_argument", message, { details: { tool: name } });
}
