import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import type { SandboxSnapshot } from "@agentscope-runtime/sandbox";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import { label } from "./container-options.ts";
import { removeContainer } from "./docker-sandbox.ts";
import { statusOf } from "./docker-error.ts";

const repository = "agentscope-runtime/snapshot";
/** Where the start script of a box looks for files to begin with. */
const place = "/opt/agentscope/snapshot";
const idPattern = /^snapshot-([0-9a-f]{32})$/;

/** The image of a snapshot. `not_found` for what is no id of one. */
export function snapshotImage(id: string): string {
  const [, tag] = idPattern.exec(id) ?? [];
  if (tag === undefined) throw new RuntimeError("not_found", `There is no snapshot ${id}.`);
  return `${repository}:${tag}`;
}

export interface SnapshotSource {
  readonly docker: Docker;
  readonly container: Docker.Container;
  /** The image that the sandbox began from. */
  readonly image: string;
  readonly owner: string;
  readonly directory: string;
}

/** Copies a box's workspace and home into an image of its own, from which new boxes begin. */
export async function takeSnapshot(source: SnapshotSource, { signal }: CallOptions): Promise<SandboxSnapshot> {
  const { docker, image, owner } = source;
  const tag = crypto.randomUUID().replaceAll("-", "");
  const holder = await docker.createContainer({
    name: `agentscope-snapshot-${tag}`,
    Image: image,
    Labels: { [label.owner]: owner, [label.directory]: source.directory, [label.sandbox]: `snapshot-${tag}` },
  });
  try {
    signal?.throwIfAborted();
    const { files, done } = await readFiles(source);
    await Promise.all([holder.putArchive(files, { path: place }), done]);
    signal?.throwIfAborted();
    const labels = { [label.owner]: owner, [label.origin]: image };
    const changes = Object.entries(labels).map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`);
    await holder.commit({ repo: repository, tag, changes, pause: false });
    return { id: `snapshot-${tag}`, kind: "disk" };
  } finally {
    await removeContainer(holder);
  }
}

export async function removeSnapshot(docker: Docker, id: string): Promise<void> {
  if (!idPattern.test(id)) return; // No id of ours: there is none such.
  try {
    await docker.getImage(snapshotImage(id)).remove({ force: true });
  } catch (thrown) {
    if (statusOf(thrown) !== 404) throw thrown;
  }
}

/** A tar of what can be written in a box, but for `/tmp`. */
async function readFiles({ docker, container }: SnapshotSource): Promise<{ files: PassThrough; done: Promise<void> }> {
  const command = ["tar", "-C", "/", "-cf", "-", "--ignore-failed-read", "workspace", "home/agent"];
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  const files = new PassThrough();
  const complaints = new PassThrough();
  docker.modem.demuxStream(stream, files, complaints);
  stream.once("end", () => {
    files.end();
    complaints.end();
  });
  stream.once("error", (thrown: Error) => files.destroy(thrown));
  const check = async (): Promise<void> => {
    const said = await text(complaints);
    const { ExitCode } = await exec.inspect();
    // 1: a file changed while it was read, which is what happens when a sandbox goes on.
    if (ExitCode !== 0 && ExitCode !== 1) {
      throw new RuntimeError("unavailable", `The sandbox's files could not be read: ${said.trim().slice(0, 500)}`);
    }
  };
  return { files, done: check() };
}
