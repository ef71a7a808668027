import { randomUUID } from "node:crypto";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { SandboxBackend } from "./sandbox-backend.ts";

/**
 * A backend that makes no more than so many sandboxes, those that others made on it among them: one more is
 * `resource_exhausted`. Where several processes make some at the same moment, there may be a few more.
 */
export function limitedBackend(backend: SandboxBackend, total: number): SandboxBackend {
  /** Label of those that are made here: while they are made they are listed, and nobody knows their ids yet. */
  const maker = randomUUID();
  let own = 0;
  return {
    name: backend.name,
    abilities: async (options) => backend.abilities(options),
    create: async (spec, options) => {
      own += 1;
      try {
        const others = (await backend.list(options)).filter(({ labels }) => labels["maker"] !== maker);
        if (own + others.length > total) {
          const message = `There are ${total} sandboxes, the most there may be: release some, or raise limits.total.`;
          throw new RuntimeError("resource_exhausted", message, { details: { limit: total } });
        }
        const sandbox = await backend.create({ ...spec, labels: { ...spec.labels, maker } }, options);
        void sandbox.ended.then(() => (own -= 1));
        return sandbox;
      } catch (thrown) {
        own -= 1;
        throw thrown;
      }
    },
    attach: async (id, options) => backend.attach(id, options),
    list: async (options) => backend.list(options),
    deleteSnapshot: async (id, options) => backend.deleteSnapshot(id, options),
    /** The backend is its owner's to close. */
    [Symbol.asyncDispose]: async () => undefined,
  };
}
