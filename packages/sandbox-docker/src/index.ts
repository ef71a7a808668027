export { openDockerBackend } from "./docker-sandbox-backend.ts";

export type { DockerAbilities, DockerBackendOptions, DockerSandboxBackend } from "./docker-sandbox-backend.ts";
export type { DockerSandbox } from "./docker-sandbox.ts";
export type { EgressRequest } from "./egress-proxy.ts";
export type { ResolveHost } from "./resolve-egress.ts";
