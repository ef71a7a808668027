export { openLocalSandbox } from "./open-local-sandbox.ts";

export type { LocalSandbox, LocalSandboxOptions } from "./open-local-sandbox.ts";
export type { LocalTool } from "./generic-tools.ts";
export type { Spawn, SpawnedProcess } from "./launcher.ts";
