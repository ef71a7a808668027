import { RuntimeError } from "@agentscope-runtime/protocol";
import type { HttpMethod, Route } from "./route.ts";

type Routed = Pick<Route, "method" | "path">;

export interface RouteMatch<R extends Routed = Route> {
  readonly route: R;
  readonly params: Readonly<Record<string, string>>;
}

interface Pattern<R> {
  readonly segments: readonly string[];
  readonly routes: Map<HttpMethod, R>;
}

/**
 * Finds the route of a path. Paths without parameters win over paths with them, then those without a rest, then the first one
 * given.
 */
export class Router<R extends Routed = Route> {
  readonly #exact = new Map<string, Map<HttpMethod, R>>();
  readonly #patterns: Pattern<R>[] = [];

  /** Throws `conflict` when two routes have the same method and path. */
  constructor(routes: readonly R[]) {
    for (const route of routes) {
      const known = this.#routesAt(route.path);
      if (known.has(route.method)) {
        throw new RuntimeError("conflict", `Two routes are ${route.method} ${route.path}: rename one of them.`);
      }
      known.set(route.method, route);
    }
  }

  /**
   * Undefined when no route has this path. `method_not_allowed`, with the allowed ones in its details, when the path
   * exists but not for this method. HEAD is answered by GET.
   */
  find(method: string, path: string): RouteMatch<R> | undefined {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return { route: routeFor(exact, method), params: {} };
    const segments = path.split("/");
    const pattern =
      this.#patterns.find((candidate) => matches(candidate.segments, segments)) ??
      this.#patterns.find((candidate) => beginsLike(candidate.segments, segments));
    if (pattern === undefined) return undefined;
    const route = routeFor(pattern.routes, method);
    return { route, params: paramsOf(route.path.split("/"), segments) };
  }

  #routesAt(path: string): Map<HttpMethod, R> {
    if (!path.includes("/:") && !path.includes("/*")) {
      const known = this.#exact.get(path) ?? new Map<HttpMethod, R>();
      this.#exact.set(path, known);
      return known;
    }
    const segments = path.split("/");
    const shape = shapeOf(segments);
    const known = this.#patterns.find((pattern) => shapeOf(pattern.segments) === shape);
    if (known !== undefined) return known.routes;
    const routes = new Map<HttpMethod, R>();
    this.#patterns.push({ segments, routes });
    return routes;
  }
}

/** Two paths that differ in the names of their parameters only are the same path. */
function shapeOf(segments: readonly string[]): string {
  return segments.map((segment) => /^[:*]/.exec(segment)?.[0] ?? segment).join("/");
}

function routeFor<R>(routes: ReadonlyMap<HttpMethod, R>, method: string): R {
  const route = routes.get((method === "HEAD" ? "GET" : method) as HttpMethod); // Another method is not in the map.
  if (route !== undefined) return route;
  const allowed = [...routes.keys()];
  throw new RuntimeError("method_not_allowed", `${method} is not allowed here: use ${allowed.join(" or ")}.`, {
    details: { method, allowed },
  });
}

/** With a rest, which may be empty. */
function beginsLike(pattern: readonly string[], segments: readonly string[]): boolean {
  const before = pattern.length - 1;
  return pattern.at(-1)?.startsWith("*") === true && matches(pattern.slice(0, before), segments.slice(0, before));
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((expected, index) =>
    expected.startsWith(":") ? segments[index] !== "" : segments[index] === expected,
  );
}

function paramsOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [index, name] of pattern.entries()) {
    if (name.startsWith(":")) params[name.slice(1)] = decoded(segments[index] ?? "", name.slice(1));
    else if (name.startsWith("*")) params[name.slice(1)] = segments.slice(index).join("/");
  }
  return params;
}

function decoded(segment: string, name: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new RuntimeError("invalid_argument", `Invalid path: ${name} is not URL-encoded UTF-8.`, {
      cause,
      details: { field: name },
    });
  }
}
