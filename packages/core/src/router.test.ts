import type { HttpMethod, Route } from "./route.ts";
import { Router } from "./router.ts";

function route(method: HttpMethod, path: string): Route {
  return { method, path, doc: { summary: path }, handle: () => ({ status: 200 }) };
}

describe("Router", () => {
  const router = new Router([
    route("GET", "/tasks/:id"),
    route("POST", "/tasks/:taskId"),
    route("GET", "/tasks/new"),
    route("GET", "/"),
  ]);

  it("prefers a path without parameters", () => {
    expect(router.find("GET", "/tasks/new")?.route.path).toBe("/tasks/new");
  });

  it("gives each method the parameters of its own path, decoded", () => {
    expect(router.find("GET", "/tasks/a%2Fb")?.params).toEqual({ id: "a/b" });
    expect(router.find("POST", "/tasks/7")?.params).toEqual({ taskId: "7" });
  });

  it("answers HEAD as GET", () => {
    expect(router.find("HEAD", "/")?.route.method).toBe("GET");
  });

  it("finds nothing for an empty parameter, a longer path or a trailing slash", () => {
    for (const path of ["/tasks/", "/tasks/1/2", "/tasks", "", "//"]) expect(router.find("GET", path)).toBeUndefined();
  });

  it("says which methods a path has", () => {
    expect(() => router.find("PUT", "/tasks/1")).toThrow(
      expect.objectContaining({ code: "method_not_allowed", details: { method: "PUT", allowed: ["GET", "POST"] } }),
    );
  });

  it("refuses two routes that differ in the names of their parameters only", () => {
    expect(() => new Router([route("GET", "/a/:x"), route("GET", "/a/:y")])).toThrow("Two routes are GET /a/:y");
  });
});
