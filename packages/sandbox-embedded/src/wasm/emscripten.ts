/** What is used of WebAssembly, which every Node has and its types lack. */
export interface WasmInstance {
  readonly exports: { readonly memory?: { readonly buffer: ArrayBuffer } };
}

interface WasmMakers {
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => WasmInstance;
}

export const wasm = (globalThis as unknown as { readonly WebAssembly: WasmMakers }).WebAssembly;

/** The parts of an Emscripten program that are used here. */
export interface EmscriptenModule {
  readonly FS: EmscriptenFs;
  readonly _Py_EMSCRIPTEN_SIGNAL_HANDLING: number;
  Py_EmscriptenSignalBuffer?: Uint8Array;
  callMain(programArguments: readonly string[]): number;
}

export interface EmscriptenNode {
  name: string;
  parent: EmscriptenNode;
  mode: number;
  readonly id: number;
  readonly mount: { readonly opts: { readonly root: string } };
  node_ops: unknown;
  stream_ops: unknown;
}

export interface EmscriptenStream {
  readonly node: EmscriptenNode;
  readonly flags: number;
  position: number;
  seekable?: boolean;
  /** The descriptor outside. */
  descriptor?: number;
}

export interface EmscriptenFs {
  readonly ErrnoError: new (code: number) => Error;
  init(input: () => number | null, output: (byte: number) => void, error: (byte: number) => void): void;
  mkdirTree(path: string): void;
  writeFile(path: string, data: Uint8Array | string): void;
  mount(type: { mount(): EmscriptenNode }, options: { readonly root: string }, path: string): void;
  chdir(path: string): void;
  makedev(major: number, minor: number): number;
  registerDevice(device: number, operations: object): void;
  mkdev(path: string, mode: number, device: number): void;
  isDir(mode: number): boolean;
  createNode(parent: EmscriptenNode | null, name: string, mode: number, device: number): EmscriptenNode;
}
