import {
  agentEventSchema,
  agentRequestSchema,
  agentResponseSchema,
  contentSchema,
  errorInfoSchema,
  messageSchema,
} from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { Route } from "./route.ts";

export interface OpenApiInfo {
  readonly title: string;
  readonly description: string;
  readonly version: string;
}

/** The routes as an OpenAPI 3.1 document, its schemas made from the ones that parse the requests. */
export function openApiDocument(routes: readonly Route[], info: OpenApiInfo): Record<string, unknown> {
  const schemas = collectSchemas(routes);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/(?<=\/)[:*]([^/]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, schemas) };
  }
  return {
    openapi: "3.1.0",
    info,
    paths,
    components: {
      schemas: { ...componentsOf(schemas.taken, "input"), ...componentsOf(schemas.sent, "output") },
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
}

type Registry = z.core.$ZodRegistry<{ id: string }>;

/** What is sent has all its fields; what is taken may leave some out. So the two are described apart. */
interface Schemas {
  readonly sent: Registry;
  readonly taken: Registry;
}

function collectSchemas(routes: readonly Route[]): Schemas {
  const taken: Registry = z.registry<{ id: string }>();
  const sent: Registry = z.registry<{ id: string }>();
  taken.add(agentRequestSchema, { id: "AgentRequest" });
  sent.add(contentSchema, { id: "Content" });
  sent.add(messageSchema, { id: "Message" });
  sent.add(agentResponseSchema, { id: "AgentResponse" });
  sent.add(agentEventSchema, { id: "AgentEvent" });
  sent.add(z.object({ error: errorInfoSchema }), { id: "Error" });
  for (const route of routes) {
    const { body, reply, events, error } = route.doc;
    if (body !== undefined && !taken.has(body)) taken.add(body, { id: `${operationId(route)}_body` });
    if (reply !== undefined && !sent.has(reply)) sent.add(reply, { id: `${operationId(route)}_reply` });
    if (events !== undefined && !sent.has(events)) sent.add(events, { id: `${operationId(route)}_event` });
    if (error !== undefined && !sent.has(error)) sent.add(error, { id: `${operationId(route)}_error` });
  }
  return { taken, sent };
}

const uri = (id: string): string => `#/components/schemas/${id}`;

function componentsOf(registry: Registry, io: "input" | "output"): Record<string, unknown> {
  const { schemas } = z.toJSONSchema(registry, { uri, io, unrepresentable: "any" });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _id, ...schema }]) => [id, schema]),
  );
}

function reference(registry: Registry, schema: z.ZodType): { $ref: string } {
  return { $ref: uri(registry.get(schema)?.id ?? "") };
}

function operation(route: Route, { taken, sent }: Schemas): Record<string, unknown> {
  const { summary, tag, body, query, reply, events, status = 200 } = route.doc;
  const content = {
    ...(events === undefined ? {} : { "text/event-stream": { schema: reference(sent, events) } }),
    ...(reply === undefined ? {} : { "application/json": { schema: reference(sent, reply) } }),
  };
  const names = Array.from(route.path.matchAll(/:([^/]+)/g), ([, name = ""]) => name);
  return {
    operationId: operationId(route),
    summary,
    ...(tag === undefined ? {} : { tags: [tag] }),
    parameters: [
      ...names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })),
      ...(query === undefined ? [] : queryParameters(query)),
    ],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: reference(taken, body) } } } }),
    responses: {
      [status]: { description: "Success.", ...(Object.keys(content).length === 0 ? {} : { content }) },
      default: { description: "What went wrong.", ...errorContent(route, sent) },
    },
    ...(route.public === true ? { security: [] } : {}),
  };
}

/** A route with an `errorReply` of its own says what that gives, or nothing. */
function errorContent({ doc, errorReply }: Route, sent: Registry): object {
  if (errorReply !== undefined && doc.error === undefined) return {};
  const schema = doc.error === undefined ? { $ref: uri("Error") } : reference(sent, doc.error);
  return { content: { "application/json": { schema } } };
}

function queryParameters(query: z.ZodObject): unknown[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: "input", unrepresentable: "any" });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return [method.toLowerCase(), ...words].join("_");
}
