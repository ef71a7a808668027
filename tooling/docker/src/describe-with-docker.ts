import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { SandboxImage } from "@agentscope-runtime/sandbox-box";

const run = promisify(execFile);
/** The largest image, on a busy machine, from nothing. */
const buildMs = 600_000;
const builder = join(import.meta.dirname, "build-images.ts");
const lock = join(import.meta.dirname, "..", "node_modules", ".images.lock");

/** What the engine says of itself; undefined where there is none. */
function engineInfo(): { readonly Runtimes?: Readonly<Record<string, unknown>> } | undefined {
  const { status, stdout } = spawnSync("docker", ["info", "--format", "{{json .}}"], {
    encoding: "utf8",
    timeout: 10_000,
  });
  return status === 0 ? (JSON.parse(stdout) as { readonly Runtimes?: Readonly<Record<string, unknown>> }) : undefined; // The engine's own answer.
}

/**
 * Tests that need Docker and the image of a sandbox; `image` gives its name from `beforeAll` on. It is built when it is not there.
 * Where there is no Docker they are skipped, and say why; in CI they fail.
 */
export function describeWithDocker(name: string, image: SandboxImage, tests: (image: () => string) => void): void {
  const reason = engineInfo() === undefined ? "no Docker: run tooling/docker/ensure-docker.sh as root" : undefined;
  describeUnless(reason, name, image, tests);
}

/** The same, for tests that need gVisor in that Docker as well. */
export function describeWithGvisor(name: string, image: SandboxImage, tests: (image: () => string) => void): void {
  const hasGvisor = "runsc" in (engineInfo()?.Runtimes ?? {});
  const reason = hasGvisor ? undefined : "no gVisor in Docker: run tooling/docker/ensure-docker.sh as root";
  describeUnless(reason, name, image, tests);
}

function describeUnless(
  reason: string | undefined,
  name: string,
  image: SandboxImage,
  tests: (image: () => string) => void,
): void {
  let built: string | undefined;
  const nameOf = (): string => {
    if (built === undefined) throw new Error("The image is there from `beforeAll` on.");
    return built;
  };
  if (reason !== undefined && process.env["CI"] === undefined) {
    describe.skip(`${name} (${reason})`, () => {
      tests(nameOf);
    });
    return;
  }
  describe(name, () => {
    beforeAll(async () => {
      if (reason !== undefined) throw new Error(reason);
      built = await testImage(image);
    }, buildMs);
    tests(nameOf);
  });
}

/** Builds an image, unless it is there; its name. One build at a time, whichever process asks. */
export async function testImage(image: SandboxImage): Promise<string> {
  const from = existsSync("/usr/bin/apt-get") ? "debian-packages" : "dockerfile";
  const command = [process.execPath, "--conditions=@agentscope-runtime/source", builder];
  const { stdout } = await run("flock", [lock, ...command, "--type", image, "--from", from, "--no-latest"], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.trim();
}
