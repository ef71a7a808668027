export { callHandler, eventsOf, jsonOf } from "./call-handler.ts";

export type { HandlerCall } from "./call-handler.ts";
