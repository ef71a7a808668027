import type { GatewayHost, Route } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { errorBodySchema, openAiErrorReply } from "./error-body.ts";

const modelSchema = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
});
const modelListSchema = z.object({ object: z.literal("list"), data: z.array(modelSchema) });

/** Which agent answers, and which model it is asked to use. */
export interface ChosenAgent {
  readonly agent: string;
  /** Null when the model named the agent, or nothing was named. */
  readonly model: string | null;
}

/**
 * A model is an agent of that name. Where there is one agent only, any other name is for the agent to understand; where
 * there are several it is refused, since nobody could say which of them was meant.
 */
export function chooseAgent(agents: readonly string[], model: string | null): ChosenAgent {
  const [first = ""] = agents;
  if (model === null || agents.includes(model)) return { agent: model ?? first, model: null };
  if (agents.length === 1) return { agent: first, model };
  throw unknownModel(agents, model);
}

/** `GET /models` and `GET /models/:model`: the app's agents. */
export function modelRoutes({ name, runs }: GatewayHost, prefix: string): readonly Route[] {
  const created = Math.floor(Date.now() / 1000);
  const toModel = (id: string): z.output<typeof modelSchema> => ({ id, object: "model", created, owned_by: name });
  return [
    {
      method: "GET",
      path: `${prefix}/models`,
      doc: { summary: "The app's agents, as models.", tag: "openai", reply: modelListSchema, error: errorBodySchema },
      errorReply: openAiErrorReply,
      handle: () => ({ status: 200, body: { json: { object: "list", data: runs.agents.map(toModel) } } }),
    },
    {
      method: "GET",
      path: `${prefix}/models/:model`,
      doc: { summary: "One agent, as a model.", tag: "openai", reply: modelSchema, error: errorBodySchema },
      errorReply: openAiErrorReply,
      handle({ params }) {
        const { model = "" } = params;
        if (!runs.agents.includes(model)) throw unknownModel(runs.agents, model);
        return { status: 200, body: { json: toModel(model) } };
      },
    },
  ];
}

function unknownModel(agents: readonly string[], model: string): RuntimeError {
  return new RuntimeError("not_found", `The model '${model}' does not exist: choose one of ${agents.join(", ")}.`, {
    details: { field: "model", openAiCode: "model_not_found" },
  });
}
