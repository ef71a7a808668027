export { registryContract } from "./registry-contract.ts";

export type { RegistrySubject } from "./registry-contract.ts";
