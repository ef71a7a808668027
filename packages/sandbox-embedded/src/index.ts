export { openBubblewrapBackend } from "./bubblewrap/bubblewrap-backend.ts";
export { openWasmBackend } from "./wasm/wasm-backend.ts";

export type { BubblewrapBackendOptions } from "./bubblewrap/bubblewrap-backend.ts";
export type { WasmBackendOptions } from "./wasm/wasm-backend.ts";
