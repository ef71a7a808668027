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

  it("gives what follows a prefix to a path with a rest, as it came, unless another path fits", () => {
    const files = new Router([
      route("GET", "/files/*path"),
      route("GET", "/files/:id"),
      route("GET", "/open/:id/*path"),
    ]);
    expect(files.find("GET", "/files/a%20b/c/")?.params).toEqual({ path: "a%20b/c/" });
    expect(files.find("GET", "/files/")?.params).toEqual({ path: "" });
    expect(files.find("GET", "/files/1")?.params).toEqual({ id: "1" });
    expect(files.find("GET", "/open/a%2Fb/x")?.params).toEqual({ id: "a/b", path: "x" });
    expect(files.find("GET", "/open//x")).toBeUndefined();
    expect(files.find("GET", "/files")).toEqual(files.find("GET", "/files/")); // A rest may be nothing at all.
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
