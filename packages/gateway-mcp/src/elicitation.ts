import type { Decision } from "@agentscope-runtime/core";
import type { McpApprovalRequest } from "@agentscope-runtime/protocol";
import type { ElicitRequestFormParams } from "@modelcontextprotocol/server";
import { isObject } from "./is-object.ts";

/** The form by which a client asks its user for an approval. */
export function toElicitation({
  name,
  arguments: given,
  server_label: label,
}: McpApprovalRequest): ElicitRequestFormParams {
  const where = label === "" ? "" : ` on ${label}`;
  return {
    mode: "form",
    message: `The agent wants to call ${name}${where} with ${given}. Allow it?`,
    requestedSchema: {
      type: "object",
      properties: {
        approve: { type: "boolean", title: "Allow" },
        reason: { type: "string", title: "Reason", description: "For the agent." },
      },
      required: ["approve"],
    },
  };
}

/** What a user has answered. Anything but a plain yes is a no. */
export function toDecision(answer: unknown): Decision {
  if (!isObject(answer) || answer["action"] !== "accept") return { approve: false };
  const content = isObject(answer["content"]) ? answer["content"] : {};
  const reason = content["reason"];
  return { approve: content["approve"] === true, ...(typeof reason === "string" && reason !== "" ? { reason } : {}) };
}

/** Whether a client can ask its user with a form. One that does not say how can, as before there were other ways. */
export function canElicit(capabilities: unknown): boolean {
  const elicitation = isObject(capabilities) ? capabilities["elicitation"] : undefined;
  return isObject(elicitation) && ("form" in elicitation || !("url" in elicitation));
}
