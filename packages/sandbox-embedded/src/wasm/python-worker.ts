import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFunction } from "node:vm";
import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { cellDriver, channelPath } from "./cell-driver.ts";
import { wasm } from "./emscripten.ts";
import type { EmscriptenModule, EmscriptenStream, WasmInstance } from "./emscripten.ts";
import { workspaceMount } from "./workspace-mount.ts";

/** What a worker begins with. */
export interface PythonSetup {
  readonly kind: "python";
  /** Directories of this machine, by where Python sees them. */
  readonly mounts: Readonly<Record<string, string>>;
  /** What it may use; more is a `MemoryError`. */
  readonly memoryBytes: number;
  readonly env: Readonly<Record<string, string>>;
  readonly port: MessagePort;
  /** The first number: how many requests lie in the port. The second, as a byte: the signal to raise. */
  readonly shared: SharedArrayBuffer;
}

/** As much as a cell may say, in bytes of JSON; the worker then stands still until it is ended. */
const mostSaid = 24 * 1024 * 1024;
const interrupted = { offset: 4 };
/** As WASI counts errors. */
const notPermitted = 63;

/**
 * CPython, compiled to WebAssembly, without a bridge to JavaScript: all that it can call is the list of its imports, which are files,
 * clocks and its own memory. Its glue gets no `require` but for files of its own. Ends when Python does.
 */
export async function runPython({ mounts, memoryBytes, env, port, shared }: PythonSetup): Promise<void> {
  const directory = join(dirname(fileURLToPath(import.meta.resolve("just-bash"))), "../../vendor/cpython-emscripten");
  const stdlib = readFileSync(join(directory, "python313.zip"));
  let memory: WasmInstance["exports"]["memory"];
  const binary = readFileSync(join(directory, "python.wasm"));
  const module = await loadGlue(directory)({
    noInitialRun: true,
    thisProgram: "python3",
    wasmBinary: binary,
    instantiateWasm(imports: PythonImports, done: (instance: WasmInstance, module: object) => void) {
      const compiled = new wasm.Module(binary);
      const grow = imports.env.emscripten_resize_heap;
      const bounded = (size: number): number => (size >>> 0 > memoryBytes ? 0 : grow(size));
      const instance = new wasm.Instance(compiled, {
        ...imports,
        env: { ...imports.env, emscripten_resize_heap: bounded },
      });
      memory = instance.exports.memory;
      done(instance, compiled);
    },
    preRun: [
      ({ FS, ENV }: EmscriptenModule & { ENV: Record<string, string> }) => {
        FS.init(
          () => null,
          () => undefined,
          () => undefined,
        );
        FS.mkdirTree("/lib");
        FS.writeFile("/lib/python313.zip", stdlib);
        FS.writeFile("/lib/cells.py", cellDriver);
        Object.assign(ENV, env, { PYTHONHOME: "/", PYTHONPATH: "/lib/python313.zip" });
      },
    ],
  });
  const { FS } = module;
  for (const [path, root] of Object.entries(mounts)) {
    FS.mkdirTree(path);
    FS.mount(workspaceMount(FS), { root }, path);
  }
  FS.chdir("/workspace");
  openChannel(FS, port, new Int32Array(shared));
  if (memory !== undefined) new Uint8Array(memory.buffer)[module["_Py_EMSCRIPTEN_SIGNAL_HANDLING"]] = 1;
  module.Py_EmscriptenSignalBuffer = new Uint8Array(shared, interrupted.offset, 1);
  module.callMain(["-B", "-q", "/lib/cells.py"]);
}

/** All that Python can call. */
interface PythonImports {
  readonly env: { readonly emscripten_resize_heap: (size: number) => number };
}

type Glue = (options: object) => Promise<EmscriptenModule>;

/** Runs the glue with nothing but what it is for. */
function loadGlue(directory: string): Glue {
  const path = join(directory, "python.cjs");
  const real = createRequire(path);
  const allowed = (name: string): unknown => {
    if (name === "node:fs")
      return { readFileSync, openSync: refuse, readSync: refuse, writeSync: refuse, fsyncSync: refuse };
    if (name === "node:crypto") return real(name);
    // A program that listens or connects is told so, as by a system.
    if (name === "ws")
      throw Object.assign(new Error("There is no network."), { name: "ErrnoError", errno: notPermitted });
    throw new Error(`There is no ${name}.`);
  };
  const module: { exports: unknown } = { exports: {} };
  const names = ["require", "module", "exports", "__dirname", "__filename"];
  const load = compileFunction(readFileSync(path, "utf8"), names, { filename: path }) as (...values: unknown[]) => void;
  load(allowed, module, module.exports, directory, path);
  return module.exports as Glue; // What this file is.
}

function refuse(): never {
  throw Object.assign(new Error("Not here."), { code: "EIO" });
}

/** A device from which Python reads requests, waiting for them, and to which it writes events. */
function openChannel(fs: EmscriptenModule["FS"], port: MessagePort, waiting: Int32Array): void {
  let request = new Uint8Array();
  let event = new Uint8Array();
  let said = 0;
  const device = fs.makedev(90, 0);
  fs.registerDevice(device, {
    open(stream: EmscriptenStream) {
      stream.seekable = false;
    },
    close: () => undefined,
    read(_stream: EmscriptenStream, buffer: Int8Array, offset: number, length: number) {
      if (request.length === 0) {
        request = frame(nextRequest(port, waiting));
        said = 0;
      }
      const piece = request.subarray(0, length);
      buffer.set(piece, offset);
      request = request.subarray(piece.length);
      return piece.length;
    },
    write(_stream: EmscriptenStream, buffer: Int8Array, offset: number, length: number) {
      event = Buffer.concat([event, Uint8Array.from(buffer.subarray(offset, offset + length))]);
      for (let size = sizeOf(event); size !== undefined; size = sizeOf(event)) {
        said += size;
        if (said > mostSaid) stand(port, waiting);
        port.postMessage(Buffer.from(event.subarray(4, 4 + size)).toString());
        event = event.subarray(4 + size);
      }
      return length;
    },
  });
  fs.mkdev(channelPath, 0o600, device);
}

function nextRequest(port: MessagePort, waiting: Int32Array): string {
  for (;;) {
    const received: { readonly message: string } | undefined = receiveMessageOnPort(port); // Texts only.
    if (received !== undefined) {
      Atomics.sub(waiting, 0, 1);
      return received.message;
    }
    Atomics.wait(waiting, 0, 0);
  }
}

/** It has said too much, and is ended by the box. */
function stand(port: MessagePort, waiting: Int32Array): never {
  port.postMessage(JSON.stringify({ type: "flooded" }));
  for (;;) Atomics.wait(waiting, 0, Atomics.load(waiting, 0));
}

function frame(text: string): Uint8Array<ArrayBuffer> {
  const data = Buffer.from(text);
  const framed = new Uint8Array(4 + data.length);
  new DataView(framed.buffer).setUint32(0, data.length, true);
  framed.set(data, 4);
  return framed;
}

/** How long the first event is, when all of it is there. */
function sizeOf(data: Uint8Array): number | undefined {
  if (data.length < 4) return undefined;
  const size = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  return data.length >= 4 + size ? size : undefined;
}
