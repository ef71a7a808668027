export { openBubblewrapBackend } from "./bubblewrap/bubblewrap-backend.ts";

export type { BubblewrapBackendOptions } from "./bubblewrap/bubblewrap-backend.ts";
