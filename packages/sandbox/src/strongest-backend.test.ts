import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { RemoteSandboxBackend, strongestBackend } from "./index.ts";
import type { BackendOpener } from "./index.ts";
import { FolderEngine } from "./testing/folder-engine.ts";

const directory = mkdtempSync(join(tmpdir(), "strongest-backend-"));
const engine = new FolderEngine(directory);
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const folder: BackendOpener = { name: "folder", open: async () => engine.backend() };
const refusing = (name: string, ...error: ConstructorParameters<typeof RuntimeError>): BackendOpener => ({
  name,
  open: async () => {
    throw new RuntimeError(...error);
  },
});
/** Nothing listens there. */
const elsewhere: BackendOpener = {
  name: "elsewhere",
  open: async (options) => {
    const backend = new RemoteSandboxBackend({ url: "http://127.0.0.1:9", token: "a-token" });
    await backend.abilities(options);
    return backend;
  },
};

describe("strongestBackend", () => {
  it("gives the first that opens, and asks none after it", async () => {
    const { backend, refused } = await strongestBackend([
      folder,
      refusing("never asked", "invalid_argument", "It was asked."),
    ]);
    expect(backend.name).toBe("folder");
    expect(refused).toEqual([]);
  });

  it("says why those before it were not taken, in order", async () => {
    const { backend, refused } = await strongestBackend([
      elsewhere,
      refusing("walls", "unavailable", "There is no bwrap; install the package bubblewrap."),
      folder,
    ]);
    expect(backend.name).toBe("folder");
    expect(refused).toEqual([
      { name: "elsewhere", reason: expect.stringContaining("cannot be reached") as string },
      { name: "walls", reason: "There is no bwrap; install the package bubblewrap." },
    ]);
  });

  it("says all reasons when none opens", async () => {
    const opening = strongestBackend([
      refusing("docker", "unavailable", "Start Docker."),
      refusing("walls", "unavailable", "Install bubblewrap."),
    ]);
    await expect(opening).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/docker: Start Docker\.\nwalls: Install bubblewrap\.$/) as string,
    });
    await expect(strongestBackend([])).rejects.toMatchObject({ code: "unavailable" });
  });

  it("does not take weaker walls for a mistake in the options of stronger ones", async () => {
    const opening = strongestBackend([refusing("docker", "invalid_argument", "socketPath: no such file."), folder]);
    await expect(opening).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("opens nothing once the signal is aborted", async () => {
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(strongestBackend([folder], { signal })).rejects.toThrow("stop");
  });
});
