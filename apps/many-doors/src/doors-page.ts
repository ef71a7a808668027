import type { HttpRequest, Route } from "@agentscope-runtime/core";
import { doorsAt } from "./doors.ts";

const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `GET /`: the doors, each with a line that can be copied to a shell. */
export function doorsPageRoute(): Route {
  return {
    method: "GET",
    path: "/",
    public: true,
    doc: { summary: "A page with the app's doors.", tag: "about" },
    handle: ({ http }) => ({
      status: 200,
      headers: { "content-security-policy": contentSecurityPolicy, "x-content-type-options": "nosniff" },
      body: { text: pageOf(baseOf(http)), contentType: "text/html; charset=utf-8" },
    }),
  };
}

/** Where the page was asked for. */
function baseOf({ headers }: HttpRequest): string {
  const { host = "" } = headers;
  const scheme = headers["x-forwarded-proto"] === "https" ? "https" : "http";
  return /^[\w.:[\]-]+$/.test(host) ? `${scheme}://${host}` : "http://localhost";
}

function pageOf(base: string): string {
  const doors = doorsAt(base).map(
    ({ name, url, line }) =>
      `<section><h2>${escaped(name)}</h2><p>${escaped(url)}</p><pre>${escaped(line)}</pre></section>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>One agent, many doors</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color-scheme: light dark; }
  h2 { font-size: 1rem; margin: 2rem 0 0; }
  p { margin: 0; }
  pre { background: color-mix(in srgb, currentColor 8%, transparent); padding: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>
<h1>One agent, many doors</h1>
<p>The same agent answers at each of them, and a run that began at one can be followed and canceled at the others.</p>
${doors.join("\n")}
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
