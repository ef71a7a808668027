import type { AppServices } from "../run-services.ts";

/** A piece of what a scripted model says. */
export type ScriptPart =
  | { readonly type: "text" | "reasoning"; readonly deltas: readonly string[] }
  /** `pieces` is the JSON text of the arguments as it is streamed; left out, it comes in one. */
  | {
      readonly type: "call";
      readonly id: string;
      readonly name: string;
      readonly arguments: Readonly<Record<string, unknown>>;
      readonly pieces?: readonly string[];
    }
  /** Something that the model has made; `data` is base64. */
  | { readonly type: "file"; readonly mediaType: string; readonly data: string }
  /** The model stops here although it was not done. */
  | { readonly type: "stop"; readonly reason: "max_tokens" | "content_filter" }
  /** The provider's stream breaks here, with this text. */
  | { readonly type: "fail"; readonly message: string }
  /** Nothing more comes until the call is aborted; `AgentScript.onModelStopped` is told then. */
  | { readonly type: "wait" };

/** What the model says in one call. Each call spends 10 tokens of input and 5 of output. */
export type ModelTurn = readonly ScriptPart[];

/** A message as the model was shown it, whatever the framework's own form. */
export interface PromptMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  /** All of its text; of a tool's message, the results. */
  readonly text: string;
  /** The kinds of its images and files, such as `image/png`. */
  readonly files: readonly string[];
}

/** A tool that the agent has; `defineTool` of `@agentscope-runtime/tools` takes it with `input: z.looseObject({})`. */
export interface ScriptTool {
  readonly name: string;
  readonly description: string;
  /** A person has to allow each call. */
  readonly needsApproval?: boolean;
  readonly run: (
    toolArguments: Readonly<Record<string, unknown>>,
    options: { readonly signal?: AbortSignal },
  ) => Promise<ScriptToolResult>;
}

/** The `ToolResult` of `@agentscope-runtime/tools`. */
export interface ScriptToolResult {
  readonly content: readonly (
    | { readonly type: "text"; readonly text: string }
    | { readonly type: "image"; readonly data: string; readonly mediaType: string }
  )[];
  readonly isError: boolean;
}

/** An agent that a framework is to run. */
export interface AgentScript {
  /** Called once per call of the model. */
  readonly model: (prompt: readonly PromptMessage[]) => ModelTurn;
  /** A call of the model was aborted while it waited. */
  readonly onModelStopped?: () => void;
  readonly tools?: readonly ScriptTool[];
  /** An agent that this one can hand its work to, by the framework's own means, under its name. */
  readonly helper?: { readonly name: string; readonly model: AgentScript["model"] };
}

/** Where an agent keeps what outlives a run. The app has the same. */
export type ScriptServices = Required<Pick<AppServices, "sessions" | "memory" | "state">>;
