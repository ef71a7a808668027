export { attackContract } from "./attack-contract.ts";
export { sandboxBackendContract } from "./sandbox-backend-contract.ts";
export { sandboxContract } from "./sandbox-contract.ts";
export { sandboxContractWithout } from "./sandbox-contract-without.ts";
export type { AttackSubject } from "./attack-contract.ts";
export type { BackendSubject } from "./sandbox-backend-contract.ts";
export type { SandboxContract } from "./sandbox-contract.ts";
