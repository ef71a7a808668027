export { describeContract } from "./contract.ts";
export { eventually } from "./eventually.ts";
export { leasesContract } from "./leases-contract.ts";
export { memoryContract } from "./memory-contract.ts";
export { runLogContract } from "./run-log-contract.ts";
export { sessionHistoryContract } from "./session-history-contract.ts";
export { stateContract } from "./state-contract.ts";
export { taskQueueContract } from "./task-queue-contract.ts";
export { topicContract } from "./topic-contract.ts";

export type { Check, ConditionalCheck, Contract, ContractSubject } from "./contract.ts";
export type { EventuallyOptions } from "./eventually.ts";
