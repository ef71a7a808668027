import type { SandboxLimits, SandboxType } from "./sandbox-spec.ts";

const mib = 1024 * 1024;
const gib = 1024 * mib;
const small: SandboxLimits = { memoryBytes: 512 * mib, cpus: 1, processes: 256, diskBytes: gib };
const desktop: SandboxLimits = { memoryBytes: 2 * gib, cpus: 2, processes: 600, diskBytes: 2 * gib };

/** A shell and a Python kernel with numpy, pandas and matplotlib. */
export const baseSandboxType: SandboxType = {
  name: "base",
  description: "Runs shell commands and Python.",
  image: "agentscope-runtime/sandbox-base",
  limits: small,
};

/** The base, with an MCP server for reading, searching and editing files. */
export const filesystemSandboxType: SandboxType = {
  name: "filesystem",
  description: "Runs shell commands and Python, and has tools to read, search and edit files.",
  image: "agentscope-runtime/sandbox-filesystem",
  limits: small,
};

/** The base, with a desktop and a Chromium that tools drive. */
export const browserSandboxType: SandboxType = {
  name: "browser",
  description: "Browses the web with a real Chromium; runs shell commands and Python.",
  image: "agentscope-runtime/sandbox-browser",
  limits: desktop,
};

/** The base, with a desktop that a tool sees and clicks. */
export const guiSandboxType: SandboxType = {
  name: "gui",
  description: "Uses a desktop by mouse, keyboard and screenshots; runs shell commands and Python.",
  image: "agentscope-runtime/sandbox-gui",
  limits: desktop,
};

/** The types that come with the runtime. */
export const sandboxTypes: readonly SandboxType[] = [
  baseSandboxType,
  filesystemSandboxType,
  browserSandboxType,
  guiSandboxType,
];
