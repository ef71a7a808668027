import Docker from "dockerode";

/** A container as the engine's API gives it: no network, and nothing else that a sandbox has. */
export interface BareContainer extends AsyncDisposable {
  /** What a command printed. */
  run(command: string): Promise<string>;
}

export async function startBareContainer(image: string): Promise<BareContainer> {
  const docker = new Docker({ socketPath: "/var/run/docker.sock" });
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: ["sleep", "600"],
    Labels: { "agentscope-runtime.bench": "true" },
    HostConfig: { NetworkMode: "none" },
  });
  const dispose = async (): Promise<void> => {
    await container.remove({ force: true });
  };
  try {
    await container.start();
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
  return {
    async run(command) {
      const exec = await container.exec({ Cmd: ["sh", "-c", command], AttachStdout: true, AttachStderr: true });
      const stream = await exec.start({});
      const pieces: Buffer[] = [];
      // Eight bytes of frame before each piece.
      for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece.subarray(8));
      return Buffer.concat(pieces).toString();
    },
    [Symbol.asyncDispose]: dispose,
  };
}
