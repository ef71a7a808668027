import type { ItemNote } from "./item-note.ts";

/** What every item may have. */
interface Noted {
  /** Ours: what the item cannot say of the message that it was. The SDK sends none of it to a model. */
  agentscope?: ItemNote;
}

/** What a provider adds to an item. Models send these fields with it. */
interface Provided {
  providerData?: Record<string, unknown>;
}

export interface AgentInputText extends Provided {
  type: "input_text";
  text: string;
}

export interface AgentInputImage extends Provided {
  type: "input_image";
  /** A URL, a `data:` URL, or the id of a file of the provider's. */
  image?: string | { id: string };
}

export interface AgentInputFile extends Provided {
  type: "input_file";
  /** A `data:` URL, base64, or where the file is. */
  file?: string | { id: string } | { url: string };
  filename?: string;
}

export interface AgentInputAudio extends Provided {
  type: "audio";
  /** Base64. */
  audio: string | { id: string };
  format?: string | null;
}

export type AgentUserContent = AgentInputText | AgentInputImage | AgentInputFile | AgentInputAudio;

export type AgentAssistantContent =
  | (Provided & { type: "output_text"; text: string })
  | (Provided & { type: "refusal"; refusal: string });

/** What a tool answers, in parts. */
export type AgentToolContent = AgentInputText | AgentInputImage | AgentInputFile;

export interface AgentUserItem extends Noted, Provided {
  type: "message";
  id?: string;
  role: "user";
  content: AgentUserContent[];
}

export interface AgentAssistantItem extends Noted, Provided {
  type: "message";
  id?: string;
  role: "assistant";
  status: "in_progress" | "completed" | "incomplete";
  content: AgentAssistantContent[];
}

export interface AgentSystemItem extends Noted, Provided {
  type: "message";
  id?: string;
  role: "system";
  content: string;
}

export interface AgentFunctionCallItem extends Noted, Provided {
  type: "function_call";
  id?: string;
  callId: string;
  name: string;
  status?: "in_progress" | "completed" | "incomplete";
  /** JSON text. */
  arguments: string;
}

export interface AgentFunctionCallResultItem extends Noted, Provided {
  type: "function_call_result";
  id?: string;
  callId: string;
  name: string;
  status: "in_progress" | "completed" | "incomplete";
  output: string | { type: "text"; text: string } | AgentToolContent[];
}

export interface AgentReasoningItem extends Noted, Provided {
  type: "reasoning";
  id?: string;
  content: AgentInputText[];
  rawContent?: (Provided & { type: "reasoning_text"; text: string })[];
}

/** The `AgentInputItem` of the OpenAI Agents SDK, as far as this package writes it. */
export type AgentItem =
  | AgentUserItem
  | AgentAssistantItem
  | AgentSystemItem
  | AgentFunctionCallItem
  | AgentFunctionCallResultItem
  | AgentReasoningItem;
