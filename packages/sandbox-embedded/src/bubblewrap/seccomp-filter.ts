import { endianness } from "node:os";
import { deniedSyscalls } from "./denied-syscalls.ts";
import type { Architecture } from "./denied-syscalls.ts";

/** Numbers of the calls whose arguments decide. */
const numbers = {
  x64: { audit: 0xc000_003e, clone: 56, clone3: 435, unshare: 272, ioctl: 16, personality: 135, socket: 41 },
  arm64: { audit: 0xc000_00b7, clone: 220, clone3: 435, unshare: 97, ioctl: 29, personality: 92, socket: 198 },
} as const;

/** What came after it is unknown to us, and is as if the kernel did not have it. */
const newestKnown = 466;

const errno = { notPermitted: 1, noSuchCall: 38, noSuchFamily: 97 };
const allow = 0x7fff_0000;
const killProcess = 0x8000_0000;
const fail = (code: number): number => 0x0005_0000 | code;

/** Flags of `clone` and `unshare` that make namespaces: mount, cgroup, uts, ipc, user, pid, net; then time. */
const newNamespaces = 0x7e02_0000;
const newTime = 0x80;
/** Puts characters into a terminal's input; the other is the console's way to do so. */
const terminalInputs = [0x5412, 0x541c];
/** Local, IPv4, IPv6; not raw packets, nor the machine under a virtual machine. */
const socketFamilies = [1, 2, 10];
/** Talks to the kernel: of routes and interfaces, and of news of devices. Not of firewalls, which have a long list of holes. */
const netlink = { family: 16, protocols: [0, 15] };
/** Asks, or sets what a process has anyway. */
const personalities = [0, 0xffff_ffff];

/** Offsets in what the filter is shown of a call. */
const at = { number: 0, architecture: 4, firstArgument: 16, secondArgument: 24, thirdArgument: 32 };

interface Instruction {
  readonly code: number;
  readonly ifTrue?: number;
  readonly ifFalse?: number;
  readonly value: number;
}

const load = (offset: number): Instruction => ({ code: 0x20, value: offset });
const answer = (value: number): Instruction => ({ code: 0x06, value });
/** Skips so many instructions. */
const skipUnlessEqual = (value: number, count: number): Instruction => ({ code: 0x15, ifFalse: count, value });
const skipIfEqual = (value: number, count: number): Instruction => ({ code: 0x15, ifTrue: count, value });
const skipUnlessGreater = (value: number, count: number): Instruction => ({ code: 0x25, ifFalse: count, value });
const skipUnlessAnyBit = (value: number, count: number): Instruction => ({ code: 0x45, ifFalse: count, value });

/** The block is entered for this call only, and answers it. */
const forCall = (number: number, block: readonly Instruction[]): readonly Instruction[] => [
  skipUnlessEqual(number, block.length),
  ...block,
];

/** Allows a call when the lower half of an argument is one of the values. */
const onlyWhen = (offset: number, values: readonly number[], code: number): readonly Instruction[] => [
  load(offset),
  ...values.map((value, index) => skipIfEqual(value, values.length - index)),
  answer(fail(code)),
  answer(allow),
];

/** Allows a call when the lower half of the first argument is one of the values, or the one whose third argument decides. */
const onlySockets = (families: readonly number[], { family, protocols }: typeof netlink): readonly Instruction[] => {
  const ofFamily = onlyWhen(at.thirdArgument, protocols, errno.noSuchFamily);
  const untilAllowed = ofFamily.length;
  return [
    load(at.firstArgument),
    ...families.map((value, index) => skipIfEqual(value, families.length - index + untilAllowed - 1)),
    skipUnlessEqual(family, untilAllowed - 2),
    ...ofFamily,
  ];
};

/** Refuses a call when the lower half of an argument has any of the bits. */
const unlessBits = (offset: number, bits: number): readonly Instruction[] => [
  load(offset),
  skipUnlessAnyBit(bits, 1),
  answer(fail(errno.notPermitted)),
  answer(allow),
];

/**
 * The program that the kernel runs before each system call of a sandbox: as the kernel wants it, for `bwrap --seccomp`. Undefined
 * for processors that it knows nothing of.
 */
export function seccompFilter(architecture: string): Uint8Array | undefined {
  if ((architecture !== "x64" && architecture !== "arm64") || endianness() !== "LE") return undefined;
  return encode(instructions(architecture));
}

function instructions(architecture: Architecture): readonly Instruction[] {
  const { audit, clone, clone3, unshare, ioctl, personality, socket } = numbers[architecture];
  const denied = Object.values(deniedSyscalls)
    .map(([x64, arm64]) => (architecture === "x64" ? x64 : arm64))
    .filter((number) => number !== undefined);
  return [
    // Calls of another architecture have other numbers.
    load(at.architecture),
    skipIfEqual(audit, 1),
    answer(killProcess),
    load(at.number),
    skipUnlessGreater(newestKnown, 1),
    answer(fail(errno.noSuchCall)),
    // Its flags lie in memory, where a filter cannot look; programs then take clone.
    ...forCall(clone3, [answer(fail(errno.noSuchCall))]),
    ...denied.flatMap((number) => forCall(number, [answer(fail(errno.notPermitted))])),
    ...forCall(clone, unlessBits(at.firstArgument, newNamespaces)),
    ...forCall(unshare, unlessBits(at.firstArgument, newNamespaces | newTime)),
    ...forCall(ioctl, [
      load(at.secondArgument),
      ...terminalInputs.flatMap((request) => [skipUnlessEqual(request, 1), answer(fail(errno.notPermitted))]),
      answer(allow),
    ]),
    ...forCall(personality, onlyWhen(at.firstArgument, personalities, errno.notPermitted)),
    ...forCall(socket, onlySockets(socketFamilies, netlink)),
    answer(allow),
  ];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(({ code, ifTrue = 0, ifFalse = 0, value }, index) => {
    const offset = index * 8;
    bytes.writeUInt16LE(code, offset);
    bytes.writeUInt8(ifTrue, offset + 2);
    bytes.writeUInt8(ifFalse, offset + 3);
    bytes.writeUInt32LE(value >>> 0, offset + 4);
  });
  return bytes;
}
