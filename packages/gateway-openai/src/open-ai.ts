import { notesIn } from "@agentscope-runtime/core";
import type { Gateway } from "@agentscope-runtime/core";
import { compactRoute } from "./compact-route.ts";
import { chatRoutes } from "./chat-routes.ts";
import { conversationRoutes } from "./conversation-routes.ts";
import { modelRoutes } from "./models.ts";
import { responseDesk } from "./response-desk.ts";
import { responseRoutes } from "./response-routes.ts";
import { responseSocket } from "./response-socket.ts";

/** OpenAI's own base path, and the one of AgentScope Runtime in Python and of DashScope. */
const prefixes = ["/v1", "/compatible-mode/v1"];

/**
 * Lets OpenAI's clients talk to the app: Responses, over HTTP and WebSocket, Chat Completions, Conversations and models,
 * below `/v1` and `/compatible-mode/v1`.
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
      const desk = responseDesk(host.runs);
      return prefixes.flatMap((prefix) => [
        ...responseRoutes(host, desk, prefix),
        compactRoute(host, desk, prefix),
        ...conversationRoutes(host, notes, prefix),
        ...chatRoutes(host, prefix),
        ...modelRoutes(host, prefix),
      ]);
    },
    sockets: ({ runs }) => prefixes.map((prefix) => responseSocket(responseDesk(runs), prefix)),
  };
}
