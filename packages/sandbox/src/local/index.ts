export { cellOutputSchema } from "../cell-output-schema.ts";
export { linesOf } from "../lines-of.ts";
export { openInterpretedSandbox } from "./open-interpreted-sandbox.ts";
export { openLocalSandbox } from "./open-local-sandbox.ts";

export type { CellEnd, CellKernel } from "./cell-kernel.ts";
export type { InterpretedCommand, InterpretedResult, Interpreter } from "./interpreter.ts";
export type { InterpretedSandboxOptions } from "./open-interpreted-sandbox.ts";
export type { LocalSandbox } from "./composed-sandbox.ts";
export type { LocalSandboxOptions } from "./open-local-sandbox.ts";
export type { ToolCall, ToolDialect } from "./tool-dialect.ts";
export type { LocalTool } from "./generic-tools.ts";
export type { Spawn, SpawnedProcess } from "./launcher.ts";
