import { deniedSyscalls } from "./denied-syscalls.ts";
import { seccompFilter } from "./seccomp-filter.ts";

interface Call {
  readonly audit: number;
  readonly number: number;
  readonly first?: number;
  readonly second?: number;
  readonly third?: number;
}

const audits = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;

/** Runs the program as the kernel would: the few instructions that it is made of. */
function ask(filter: Uint8Array, { audit, number, first = 0, second = 0, third = 0 }: Call): string {
  const shown: Record<number, number> = { 0: number, 4: audit, 16: first, 24: second, 32: third };
  const program = Buffer.from(filter);
  let accumulator = 0;
  for (let index = 0; index * 8 < program.length; index += 1) {
    const code = program.readUInt16LE(index * 8);
    const value = program.readUInt32LE(index * 8 + 4);
    const jump = (yes: boolean): void => {
      index += program.readUInt8(index * 8 + (yes ? 2 : 3));
    };
    if (code === 0x20) accumulator = (shown[value] ?? NaN) >>> 0;
    else if (code === 0x15) jump(accumulator === value);
    else if (code === 0x25) jump(accumulator > value);
    else if (code === 0x45) jump((accumulator & value) !== 0);
    else if (code === 0x06)
      return value === 0x7fff_0000 ? "allow" : value === 0x8000_0000 ? "kill" : `errno ${value & 0xffff}`;
    else throw new Error(`Unknown instruction ${code}.`);
  }
  throw new Error("The program ends without an answer.");
}

describe.each(["x64", "arm64"] as const)("the filter for %s", (architecture) => {
  const filter = seccompFilter(architecture) ?? new Uint8Array();
  const audit = audits[architecture];
  const call = (number: number, first = 0, second = 0, third = 0): string =>
    ask(filter, { audit, number, first, second, third });
  const by = <T>(x64: T, arm64: T): T => (architecture === "x64" ? x64 : arm64);

  it("refuses each call of the list, and lets ordinary ones through", () => {
    for (const [x64, arm64] of Object.values(deniedSyscalls)) {
      const number = by<number | undefined>(x64, arm64);
      if (number !== undefined) expect(call(number)).toBe("errno 1");
    }
    for (const number of by([0, 1, 59, 60, 202, 257, 288, 439, 449], [56, 63, 64, 93, 98, 221, 439, 449]))
      expect(call(number)).toBe("allow");
  });

  it("lets a process be cloned, but not into a namespace of its own", () => {
    const clone = by(56, 220);
    expect(call(clone, 0x0120_0011)).toBe("allow"); // As fork does.
    expect(call(clone, 0x003d_0f00)).toBe("allow"); // As a thread is made.
    for (const flag of [0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000])
      expect(call(clone, flag | 17)).toBe("errno 1");
    expect(call(435)).toBe("errno 38"); // clone3
    const unshare = by(272, 97);
    expect(call(unshare, 0x400)).toBe("allow");
    expect(call(unshare, 0x1000_0000)).toBe("errno 1");
    expect(call(unshare, 0x80)).toBe("errno 1");
  });

  it("lets sockets of the internet and of the system be made, and no others", () => {
    const socket = by(41, 198);
    for (const family of [1, 2, 10])
      for (const protocol of [0, 6, 17]) expect(call(socket, family, 1, protocol)).toBe("allow");
    for (const family of [17, 38, 40, 44]) expect(call(socket, family)).toBe("errno 97");
  });

  it("lets the kernel be asked for routes and devices, and not for firewalls", () => {
    const socket = by(41, 198);
    for (const protocol of [0, 15]) expect(call(socket, 16, 3, protocol)).toBe("allow");
    for (const protocol of [6, 9, 12, 16]) expect(call(socket, 16, 3, protocol)).toBe("errno 97");
  });

  it("keeps hands off the terminal and the personality", () => {
    const ioctl = by(16, 29);
    expect(call(ioctl, 0, 0x5401)).toBe("allow");
    expect(call(ioctl, 0, 0x5412)).toBe("errno 1");
    const personality = by(135, 92);
    expect(call(personality, 0xffff_ffff)).toBe("allow");
    expect(call(personality, 0x40000)).toBe("errno 1");
  });

  it("does not have calls that are newer than itself, or of another architecture", () => {
    expect(call(467)).toBe("errno 38");
    expect(call(0x4000_0000 + 101)).toBe("errno 38"); // The same call by its x32 number.
    expect(ask(filter, { audit: 0x4000_0003, number: 26 })).toBe("kill"); // ptrace of i386.
  });
});

it("says that it has no filter for a processor that it does not know", () => {
  expect(seccompFilter("riscv64")).toBeUndefined();
});
