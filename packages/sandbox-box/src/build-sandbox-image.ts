import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CallOptions } from "@agentscope-runtime/services";
import { runProgram } from "./run-program.ts";
import { hashRecipe, imageChain } from "./sandbox-image.ts";
import type { SandboxImage } from "./sandbox-image.ts";

export interface BuildSandboxImageOptions extends CallOptions {
  /**
   * Where Debian comes from: `dockerfile` pulls `debian` and `node` from a registry; `debian-packages` pulls nothing, and needs a
   * Debian host with apt. Default `dockerfile`.
   */
  readonly from?: "dockerfile" | "debian-packages";
  /** Also tag it `latest`, the tag that the sandbox types name. Default true. */
  readonly latest?: boolean;
  /** Folder with what goes into the images: `box`, the server, and `browser`, what that of the browser needs. Default this package's `dist`. */
  readonly programs?: string;
  /** The Node program for `debian-packages`. Default the one that runs this. */
  readonly node?: string;
  /** Docker's command line, or one that understands the same. Default `docker`. */
  readonly docker?: string;
  readonly onProgress?: (progress: ImageProgress) => void;
}

export interface ImageProgress {
  readonly image: SandboxImage;
  /** A line that a person can read. */
  readonly line: string;
}

export interface BuiltSandboxImage {
  readonly image: SandboxImage;
  /** Its name and tag; the tag is a hash of all that it is made of. */
  readonly name: string;
  /** False when it was there already. */
  readonly built: boolean;
}

interface Build extends BuildSandboxImageOptions {
  readonly image: SandboxImage;
  readonly from: "dockerfile" | "debian-packages";
  readonly programs: string;
  readonly node: string;
  readonly docker: string;
  readonly say: (line: string) => void;
}

const recipes = fileURLToPath(new URL("../images", import.meta.url));
const rootfsScript = join(recipes, "debian-rootfs.sh");

/**
 * Builds the image of a sandbox type, unless one of the same recipe is there. `unavailable` when a program that it needs is missing
 * or fails, with the end of what it said.
 */
export async function buildSandboxImage(
  image: SandboxImage,
  options: BuildSandboxImageOptions = {},
): Promise<BuiltSandboxImage> {
  const build: Build = {
    from: "dockerfile",
    programs: fileURLToPath(new URL("../dist", import.meta.url)),
    node: process.execPath,
    docker: "docker",
    ...options,
    image,
    say: (line) => options.onProgress?.({ image, line }),
  };
  const chain = imageChain(image);
  const folders = [
    ...chain.map((part) => join(recipes, part)),
    ...programsOf(chain).map((part) => join(build.programs, part)),
  ];
  const debian = build.from === "debian-packages" ? [await readFile(rootfsScript, "utf8"), build.node] : [];
  const name = `agentscope-runtime/sandbox-${image}:${await hashRecipe([build.from, ...debian], folders)}`;
  const there = await exists(build, name);
  if (there) build.say(`${name} is there`);
  else await buildChain(build, chain, name);
  if (build.latest ?? true) await docker(build, ["tag", name, `agentscope-runtime/sandbox-${image}:latest`]);
  return { image, name, built: !there };
}

async function buildChain(build: Build, chain: readonly SandboxImage[], name: string): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), "agentscope-image-"));
  try {
    await cp(recipes, join(context, "images"), { recursive: true });
    for (const part of programsOf(chain))
      await cp(join(build.programs, part), join(context, "dist", part), { recursive: true });
    let below = build.from === "debian-packages" ? await buildSystem(build, chain, context) : [];
    for (const part of chain) {
      build.say(`Building ${part}`);
      const idFile = join(context, `${part}.id`);
      const tag = part === build.image ? ["--tag", name] : [];
      const file = join(context, "images", part, "Dockerfile");
      const labels = ["--label", `agentscope-runtime.image=${part}`];
      await docker(build, ["build", "--file", file, "--iidfile", idFile, ...labels, ...tag, ...below, context]);
      below = ["--build-arg", `BELOW=${(await readFile(idFile, "utf8")).trim()}`];
    }
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

function programsOf(chain: readonly SandboxImage[]): readonly string[] {
  return chain.includes("browser") ? ["box", "browser"] : ["box"];
}

/** Makes what the lowest Dockerfile begins from without a registry, and names it in build arguments. */
async function buildSystem(build: Build, chain: readonly SandboxImage[], context: string): Promise<string[]> {
  const packages = (await Promise.all(chain.map(packagesOf))).flat();
  const script = await readFile(rootfsScript, "utf8");
  const system = `agentscope-runtime/sandbox-system:${await hashRecipe([script, ...packages], [])}`;
  if (!(await exists(build, system))) {
    const root = join(context, "..", `${basename(context)}-system`);
    try {
      await runProgram("sh", [rootfsScript, root, ...packages], { signal: build.signal, onLine: build.say });
      build.say("Importing the system");
      await importTar(build, system, ["-C", root, "."]);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  }
  const node = `agentscope-runtime/sandbox-node:${await hashRecipe([process.version, build.node], [])}`;
  if (!(await exists(build, node))) {
    const place = ["--dereference", "--transform=s,.*,usr/local/bin/node,"];
    await importTar(build, node, [...place, "-C", dirname(build.node), basename(build.node)]);
  }
  return ["--build-arg", `SYSTEM=${system}`, "--build-arg", `NODE=${node}`];
}

/** Everything in it belongs to root, whoever unpacked it. */
async function importTar(build: Build, name: string, tarArguments: readonly string[]): Promise<void> {
  const owner = ["--owner=0", "--group=0", "--numeric-owner"];
  await runProgram(build.docker, ["import", "--change", "LABEL agentscope-runtime.image=system", "-", name], {
    signal: build.signal,
    input: ["tar", "-c", ...owner, ...tarArguments],
  });
}

async function packagesOf(image: SandboxImage): Promise<readonly string[]> {
  const text = await readFile(join(recipes, image, "packages.txt"), "utf8").catch(() => ""); // Not every image has some.
  return text.split(/\s+/).filter((word) => word !== "");
}

async function exists(build: Build, name: string): Promise<boolean> {
  const ids = await docker(build, ["image", "ls", "--quiet", name]);
  return ids.trim() !== "";
}

function docker(build: Build, dockerArguments: readonly string[]): Promise<string> {
  const onLine = dockerArguments[0] === "build" ? build.say : undefined;
  return runProgram(build.docker, dockerArguments, { signal: build.signal, ...(onLine && { onLine }) });
}
