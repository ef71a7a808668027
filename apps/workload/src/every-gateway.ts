import type { Gateway } from "@agentscope-runtime/core";

/** Loaded only where they are wanted, so that an app without them is measured without them. */
export async function everyGateway(): Promise<readonly Gateway[]> {
  const [{ openAi }, { a2aGateway }, { agUiGateway }, { agentCoreGateway }] = await Promise.all([
    import("@agentscope-runtime/gateway-openai"),
    import("@agentscope-runtime/gateway-a2a"),
    import("@agentscope-runtime/gateway-agui"),
    import("@agentscope-runtime/gateway-agentcore"),
  ]);
  return [openAi(), a2aGateway(), agUiGateway(), agentCoreGateway()];
}
