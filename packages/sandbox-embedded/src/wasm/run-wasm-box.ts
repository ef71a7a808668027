import { createInterface } from "node:readline";
import { exit, stdin, stdout } from "node:process";
import type { BoxEvent, BoxRequest } from "./box-messages.ts";
import { Python } from "./python.ts";
import { Shells } from "./shells.ts";

/** What the program is given on its command line, as JSON. */
export interface BoxSetup {
  readonly mounts: Readonly<Record<string, string>>;
  readonly maxOutputBytes: number;
  /** What one command may use, and what Python may. */
  readonly memoryBytes: number;
}

/**
 * The process of a WASM sandbox. It runs nothing itself, so that it always answers: shells and Pythons are threads. It reads requests
 * on stdin and writes events to stdout, and ends when its stdin does.
 *
 * @param program - what threads run
 */
export async function runWasmBox({ mounts, maxOutputBytes, memoryBytes }: BoxSetup, program: URL): Promise<void> {
  const shells = new Shells(program, { kind: "shell", mounts, maxOutputBytes }, memoryBytes);
  const pythons = new Map<number, Python>();
  const requests = createInterface({ input: stdin, terminal: false });
  requests.on("line", (line) => {
    take(JSON.parse(line) as BoxRequest); // The backend's own.
  });
  requests.once("close", () => {
    exit(0);
  });
  await shells.opened();
  say({ type: "ready" });

  function take(request: BoxRequest): void {
    const { id } = request;
    switch (request.type) {
      case "exec":
        shells.run(id, request, (result) => {
          say({ type: "result", id, result });
        });
        break;
      case "kill":
        shells.kill(id);
        break;
      case "kernel":
        pythons.set(
          id,
          new Python(program, { mounts, memoryBytes, env: request.env }, (event) => {
            if (event.type === "kernel" && event.state === "dead") pythons.delete(id);
            say({ ...event, id });
          }),
        );
        break;
      case "cell":
        pythons.get(id)?.run(request.code);
        break;
      case "interrupt":
        pythons.get(id)?.interrupt();
        break;
      case "stop":
        void pythons.get(id)?.stop();
        break;
    }
  }
}

function say(event: BoxEvent): void {
  stdout.write(`${JSON.stringify(event)}\n`);
}
