import { cellOutputSchema } from "@agentscope-runtime/sandbox/local";
import { z } from "zod";

/** What the process of a WASM sandbox is asked, one line of JSON each. Commands and kernels have numbers of their own. */
export type BoxRequest =
  | ({ readonly type: "exec"; readonly id: number } & ShellCommand)
  /** Ends a command, whatever it does. */
  | { readonly type: "kill"; readonly id: number }
  /** Begins a Python. */
  | { readonly type: "kernel"; readonly id: number; readonly env: Readonly<Record<string, string>> }
  | { readonly type: "cell"; readonly id: number; readonly code: string }
  | { readonly type: "interrupt"; readonly id: number }
  /** Ends a Python, whatever it does. */
  | { readonly type: "stop"; readonly id: number };

/** What a shell is to run. */
export interface ShellCommand {
  /** A command line, or a program and its arguments. */
  readonly command: string | readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Base64. */
  readonly stdin: string;
  readonly maxOutputBytes: number;
}

const id = z.int();
const shellResultSchema = z.discriminatedUnion("how", [
  z.object({
    how: z.literal("exited"),
    /** Base64, both. */
    stdout: z.string(),
    stderr: z.string(),
    exitCode: z.int(),
    isFlood: z.boolean(),
  }),
  z.object({ how: z.literal("refused"), what: z.enum(["program", "directory"]) }),
  z.object({ how: z.literal("killed") }),
  z.object({ how: z.literal("out_of_memory") }),
  z.object({ how: z.literal("failed"), message: z.string() }),
]);

/** How a command has ended. */
export type ShellResult = z.infer<typeof shellResultSchema>;

/** What the process says, one line of JSON each. */
export const boxEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("result"), id, result: shellResultSchema }),
  z.object({ type: z.literal("kernel"), id, state: z.enum(["ready", "dead"]) }),
  z.object({ type: z.literal("output"), id, output: cellOutputSchema }),
  z.object({ type: z.literal("end"), id, failed: z.boolean() }),
]);

export type BoxEvent = z.infer<typeof boxEventSchema>;
