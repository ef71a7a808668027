import { randomBytes } from "node:crypto";
import { AgentApp } from "@agentscope-runtime/core";
import type { Logger } from "@agentscope-runtime/core";
import { SandboxHost, sandboxHostRoutes, sandboxTypes } from "@agentscope-runtime/sandbox";
import type { SandboxBackend } from "@agentscope-runtime/sandbox";
import { authenticationFrom } from "./authentication.ts";
import type { Settings } from "./settings.ts";

export interface SandboxManagerAppOptions {
  readonly settings: Settings;
  /** The app closes it. */
  readonly backend: SandboxBackend;
  readonly logger: Logger;
}

/** The whole stack, wired by hand. */
export async function sandboxManagerApp({ settings, backend, logger }: SandboxManagerAppOptions): Promise<AgentApp> {
  const { types: makeable } = await backend.abilities();
  const types = sandboxTypes.filter(({ name }) => makeable?.includes(name) ?? true);
  const host = await SandboxHost.open({
    backend,
    types,
    logger,
    pool: settings.POOL ?? {},
    limits: { total: settings.MAX_SANDBOXES, perUser: settings.MAX_SANDBOXES_PER_USER },
    onEvent: (event) => {
      logger.info(event, `A sandbox: ${event.type}.`);
    },
  });
  const authenticate = authenticationFrom(settings);
  const linkSecret = settings.LINK_SECRET ?? randomBytes(32).toString("base64url");
  return new AgentApp({
    name: "sandbox-manager",
    description: "Sandboxes for agents elsewhere.",
    agents: {},
    ...(authenticate && { authenticate }),
    ...sandboxHostRoutes({ host, linkSecret }),
    resources: [backend, host],
    logger,
  });
}
