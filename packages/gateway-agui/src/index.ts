export { agUiEvent } from "./ag-ui-event.ts";
export { agUiGateway } from "./ag-ui-gateway.ts";

export type { AgUiEvent } from "./ag-ui-event.ts";
export type { AgUiGatewayOptions } from "./ag-ui-gateway.ts";
