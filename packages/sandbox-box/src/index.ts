export { buildSandboxImage } from "./build-sandbox-image.ts";
export { sandboxImages } from "./sandbox-image.ts";

export type { BuildSandboxImageOptions, BuiltSandboxImage, ImageProgress } from "./build-sandbox-image.ts";
export type { SandboxImage } from "./sandbox-image.ts";
