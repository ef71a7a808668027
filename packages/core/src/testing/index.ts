export { describeAdapter } from "./adapter-contract.ts";
export { callHandler, eventsOf, jsonOf } from "./call-handler.ts";
export { describeGateway } from "./gateway-contract.ts";

export type { AdapterSubject } from "./adapter-contract.ts";
export type {
  AgentScript,
  ModelTurn,
  PromptMessage,
  ScriptPart,
  ScriptServices,
  ScriptTool,
  ScriptToolResult,
} from "./agent-script.ts";
export type { HandlerCall } from "./call-handler.ts";
export type { GatewayAnswer, GatewayQuestion, GatewaySubject } from "./gateway-contract.ts";
