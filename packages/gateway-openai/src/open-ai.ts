import { notesIn } from "@agentscope-runtime/core";
import type { Gateway } from "@agentscope-runtime/core";
import { chatRoutes } from "./chat-routes.ts";
import { conversationRoutes } from "./conversation-routes.ts";
import { modelRoutes } from "./models.ts";
import { responseRoutes } from "./response-routes.ts";

/** OpenAI's own base path, and the one of AgentScope Runtime in Python and of DashScope. */
const prefixes = ["/v1", "/compatible-mode/v1"];

/**
 * Lets OpenAI's clients talk to the app: Responses, Chat Completions, Conversations and models, below `/v1` and
 * `/compatible-mode/v1`.
 *
 * A response is a run, and its id the run's: whatever began at one door can be followed and canceled at another. A
 * conversation is a session. A model is an agent of that name; see the README for names that no agent has.
 *
 * @example
 * ```ts
 * const app = new AgentApp({ query: () => "Hello", gateways: [openAi()] });
 * ```
 */
export function openAi(): Gateway {
  return {
    name: "openai",
    routes: (host) => {
      const notes = notesIn(host.runs.state);
      return prefixes.flatMap((prefix) => [
        ...responseRoutes(host, notes, prefix),
        ...conversationRoutes(host, notes, prefix),
        ...chatRoutes(host, prefix),
        ...modelRoutes(host, prefix),
      ]);
    },
  };
}
