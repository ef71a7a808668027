export { agentCoreGateway } from "./agentcore-gateway.ts";
