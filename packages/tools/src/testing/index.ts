export { toolContract } from "./tool-contract.ts";
export type { ToolSubject } from "./tool-contract.ts";
