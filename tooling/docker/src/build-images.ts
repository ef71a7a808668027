// Builds the images of the sandboxes: `pnpm sandbox:images`. Progress goes to stderr, the names of the images to stdout.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildSandboxImage, sandboxImages } from "@agentscope-runtime/sandbox-box";
import type { SandboxImage } from "@agentscope-runtime/sandbox-box";

const usage = `pnpm sandbox:images   builds the images of the sandboxes, those that are not there already
  --type base,browser        ${sandboxImages.join(", ")}; default all
  --from debian-packages     where nothing can be pulled: needs a Debian host. Default dockerfile: pulls from a registry
  --no-latest                leaves the tag latest, which the sandbox types name, as it is`;

const { values } = parseArgs({
  options: {
    type: { type: "string", default: sandboxImages.join(",") },
    from: { type: "string", default: "dockerfile" },
    "no-latest": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** The images take the server from `dist`, which a checkout does not have, or has from another day. */
function bundleServer(): void {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const rolldown = `${root}node_modules/rolldown/bin/cli.mjs`;
  execFileSync(process.execPath, [rolldown, "--config", "rolldown.box.config.js"], {
    cwd: `${root}packages/sandbox-box`,
    stdio: ["ignore", "ignore", "inherit"],
  });
}

function isImage(name: string): name is SandboxImage {
  return sandboxImages.some((image) => image === name);
}

const { from } = values;
const types = values.type.split(",").filter(isImage);
if (values.help || types.length === 0 || (from !== "dockerfile" && from !== "debian-packages")) {
  console.log(usage);
  process.exitCode = values.help ? 0 : 1;
} else {
  const interrupted = new AbortController();
  process.once("SIGINT", () => {
    interrupted.abort(new Error("Stopped."));
  });
  try {
    bundleServer();
    for (const type of types) {
      const { name } = await buildSandboxImage(type, {
        from,
        latest: !values["no-latest"],
        signal: interrupted.signal,
        onProgress: ({ image, line }) => {
          console.error(`${image}: ${line}`);
        },
      });
      console.log(name);
    }
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    process.exitCode = 1;
  }
}
