export {
  baseSandboxType,
  browserSandboxType,
  filesystemSandboxType,
  guiSandboxType,
  sandboxTypes,
} from "./sandbox-types.ts";
export { BaseSandbox } from "./base-sandbox.ts";
export { BrowserSandbox } from "./browser-sandbox.ts";
export { collectOutput, shellCommand } from "./exec.ts";
export { FilesystemSandbox } from "./filesystem-sandbox.ts";
export { GuiSandbox } from "./gui-sandbox.ts";
export { RemoteSandboxBackend } from "./remote/remote-sandbox-backend.ts";
export { SandboxHost } from "./host/sandbox-host.ts";
export { sandboxHostRoutes } from "./host/sandbox-host-routes.ts";
export { SandboxManager } from "./sandbox-manager.ts";
export { sandboxTools } from "./tools/sandbox-tools.ts";
export { strongestBackend } from "./strongest-backend.ts";

// For those who implement a backend.
export { resolveSandboxSpec } from "./resolve-sandbox-spec.ts";

export type { AddMcpServersOptions, McpContent, McpServerConfig, McpToolResult, SandboxTool } from "./sandbox-tool.ts";
export type { CellData, CellOptions, CellOutput, CellResult, CellStop } from "./ipython.ts";
export type { Command, CommandResult, ExecEvent, ExecLimits, ExecOptions, ExecStop } from "./exec.ts";
export type { EgressRule, SandboxLimits, SandboxSpec, SandboxType } from "./sandbox-spec.ts";
export type { FileChange, FileData, FileEntry, ListFilesOptions, NewFile, SandboxFiles } from "./sandbox-files.ts";
export type { Isolation, SandboxAbilities, SandboxBackend, SandboxRecord } from "./sandbox-backend.ts";
export type { OwnedSandbox, Sandbox, SandboxSnapshot } from "./sandbox.ts";
export type { ResolvedSandboxSpec } from "./resolve-sandbox-spec.ts";
export type { SandboxEnd, SandboxEndReason } from "./sandbox-end.ts";
export type { SandboxEvent, SandboxHappening } from "./sandbox-event.ts";
export type { SandboxHistory, WorkspaceCommit, WorkspaceDiffOptions } from "./sandbox-history.ts";
export type { SandboxLease, SandboxService } from "./sandbox-service.ts";
export type { SandboxManagerServices } from "./sandbox-fleet.ts";
export type { SandboxManagerOptions } from "./sandbox-manager.ts";
export type { SandboxTimes } from "./managed-sandbox.ts";
export type { BrowserElement, BrowserScreenshotOptions, BrowserTypeOptions, BrowserWait } from "./browser-sandbox.ts";
export type { ComputerAction, ScreenPoint } from "./gui-sandbox.ts";
export type { FileEdit } from "./filesystem-sandbox.ts";
export type { SandboxToolsOptions } from "./tools/sandbox-tools.ts";
export type { HostedSpec, SandboxHostOptions } from "./host/sandbox-host.ts";
export type { RemoteSandboxBackendOptions } from "./remote/remote-sandbox-backend.ts";
export type { SandboxHostRoutesOptions } from "./host/sandbox-host-routes.ts";
export type { SandboxSource } from "./tools/sandbox-source.ts";
export type { BackendOpener, RefusedBackend, StrongestBackend } from "./strongest-backend.ts";
