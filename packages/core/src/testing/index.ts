export { callHandler, eventsOf, jsonOf } from "./call-handler.ts";
export { describeGateway } from "./gateway-contract.ts";

export type { HandlerCall } from "./call-handler.ts";
export type { GatewayAnswer, GatewayQuestion, GatewaySubject } from "./gateway-contract.ts";
