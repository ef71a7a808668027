import { Validator } from "@seriousme/openapi-schema-validator";
import { z } from "zod";
import { AgentApp } from "./agent-app.ts";
import { endpoint } from "./endpoint.ts";
import type { Route } from "./route.ts";
import { callHandler, jsonOf } from "./testing/index.ts";

interface Document {
  readonly openapi: string;
  readonly info: unknown;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, { readonly required?: readonly string[] }>> };
}

async function documentOf(app: AgentApp): Promise<Document> {
  return jsonOf(await callHandler(app.handle, { method: "GET", path: "/openapi.json" })) as Document;
}

describe("/openapi.json", () => {
  it("names the parameters and the rest of a path, and leaves a colon within a segment alone", async () => {
    const routes: readonly Route[] = ["/a/:id/b:send", "/files/*path"].map((path) => ({
      method: "GET",
      path,
      doc: { summary: path },
      handle: () => ({ status: 200 }),
    }));
    await using app = new AgentApp({ agents: {}, routes });
    const { paths } = await documentOf(app);
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(["/a/{id}/b:send", "/files/{path}"]));
  });

  it("has no paths for runs and sessions where an app has no agent", async () => {
    await using app = new AgentApp({ agents: {} });
    const { paths } = await documentOf(app);
    expect(Object.keys(paths)).toContain("/health");
    expect(Object.keys(paths).filter((path) => /process|runs|sessions/.test(path))).toEqual([]);
  });

  it("is a valid OpenAPI 3.1 document that names every path, also the app's own", async () => {
    await using app = new AgentApp({
      name: "helper",
      version: "1.2.3",
      query: () => "hi",
      tasks: { "/reports": () => 1 },
      endpoints: [endpoint({ path: "/add/:to", body: z.object({ a: z.number() }), handler: () => 1 })],
    });
    const document = await documentOf(app);
    const result = await new Validator().validate({ ...structuredClone(document) });
    expect(result).toMatchObject({ valid: true });
    expect(document).toMatchObject({ openapi: "3.1.0", info: { title: "helper", version: "1.2.3" } });
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        "/process",
        "/agents/{agent}/process",
        "/runs/{runId}/events",
        "/reports/{taskId}",
        "/add/{to}",
      ]),
    );
  });

  it("says what a request may leave out, and that what is sent has every field", async () => {
    await using app = new AgentApp({ query: () => "hi" });
    const { schemas } = (await documentOf(app)).components;
    expect(schemas["AgentRequest"]?.required).toEqual(["input"]);
    expect(schemas["AgentResponse"]?.required).toEqual(expect.arrayContaining(["id", "output", "usage", "error"]));
  });

  it("says what a refusal looks like, also where a route has words of its own for it", async () => {
    const doc = { summary: "Mine." };
    const routes: readonly Route[] = [
      { method: "GET", path: "/ours", doc, handle: () => ({ status: 204 }) },
      {
        method: "GET",
        path: "/told",
        doc: { ...doc, error: z.object({ no: z.string() }) },
        handle: () => ({ status: 204 }),
        errorReply: ({ message }) => ({ status: 500, body: { json: { no: message } } }),
      },
      { method: "GET", path: "/untold", doc, handle: () => ({ status: 204 }), errorReply: () => ({ status: 500 }) },
    ];
    await using app = new AgentApp({ query: () => "hi", routes });
    const { paths, components } = await documentOf(app);
    const refusal = (path: string): unknown => {
      const { responses } = (paths[path]?.["get"] ?? {}) as { readonly responses?: Readonly<Record<string, unknown>> };
      return responses?.["default"];
    };
    const described = (name: string): object => ({
      content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } },
    });
    expect(refusal("/ours")).toMatchObject(described("Error"));
    expect(refusal("/told")).toMatchObject(described("get_told_error"));
    expect(components.schemas["get_told_error"]?.required).toEqual(["no"]);
    expect(refusal("/untold")).toEqual({ description: "What went wrong." });
  });

  it("refers only to schemas that it has", async () => {
    await using app = new AgentApp({ query: () => "hi" });
    const document = await documentOf(app);
    const names = Array.from(
      JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]*)"/g),
      ([, name]) => name,
    );
    expect(names).toContain("AgentEvent");
    expect(names.filter((name) => !Object.hasOwn(document.components.schemas, name ?? ""))).toEqual([]);
  });
});
