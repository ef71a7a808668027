import { readFileSync } from "node:fs";
import type { Route } from "@agentscope-runtime/core";

/** Everything is in the page itself, and it talks to its own server only. */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `GET /`: a page to chat with the agent. */
export function chatPageRoute(): Route {
  const text = readFileSync(new URL("./chat-page.html", import.meta.url), "utf8");
  return {
    method: "GET",
    path: "/",
    public: true,
    doc: { summary: "A page to chat with the agent.", tag: "about" },
    handle: () => ({
      status: 200,
      headers: { "content-security-policy": contentSecurityPolicy, "x-content-type-options": "nosniff" },
      body: { text, contentType: "text/html; charset=utf-8" },
    }),
  };
}
