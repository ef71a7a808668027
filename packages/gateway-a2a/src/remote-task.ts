import type { Message, Part, StreamResponse, Task, TaskArtifactUpdateEvent, TaskStatus } from "@a2a-js/sdk";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";

export interface RemoteTaskOptions {
  /** Of the tool, for what the model is told. */
  readonly name: string;
  readonly maxResultLength: number;
}

type State = "working" | "completed" | "failed" | "canceled" | "rejected" | "input-required" | "auth-required";

/** By the numbers that A2A 1.0 has for them: the SDK's enum would load all of it. */
const states: readonly State[] = [
  "working",
  "working",
  "working",
  "completed",
  "failed",
  "canceled",
  "input-required",
  "rejected",
  "auth-required",
];

/** A task of another agent, as far as it was told. */
export class RemoteTask {
  readonly #options: RemoteTaskOptions;
  readonly #artifacts = new Map<string, Part[]>();
  #id = "";
  #contextId = "";
  #state: State | undefined;
  #said: readonly Part[] = [];
  #length = 0;

  constructor(options: RemoteTaskOptions) {
    this.#options = options;
  }

  /** Empty until it is known. */
  get id(): string {
    return this.#id;
  }

  /** Whether there is more to come. */
  get isUnderWay(): boolean {
    return this.#state === undefined ? this.#id !== "" : this.#state === "working";
  }

  /** Takes what the agent says. True when its answer has grown. `payload_too_large` when it has grown too long. */
  take({ payload }: StreamResponse): boolean {
    switch (payload?.$case) {
      case "task":
        return this.#takeTask(payload.value);
      case "message":
        return this.#takeMessage(payload.value);
      case "statusUpdate": {
        const { taskId, contextId, status } = payload.value;
        this.#identify(taskId, contextId);
        this.#takeStatus(status);
        return false;
      }
      case "artifactUpdate":
        return this.#takeArtifact(payload.value);
      case undefined:
        return false;
    }
  }

  /** What there is before it is whole. */
  soFar(): ToolResult {
    return { content: this.#content(), isError: false };
  }

  /** What the model is told in the end. */
  result(): ToolResult {
    const { name } = this.#options;
    const state = this.#state ?? "completed";
    const said = textOf(this.#said);
    if (state === "failed" || state === "rejected" || state === "canceled") {
      const how = `${name} has ${state === "canceled" ? "stopped" : state === "failed" ? "failed" : "declined"}.`;
      return { content: [...this.#content(), text(`${how} ${said}`.trim())], isError: true };
    }
    const content = this.#content();
    if (state === "input-required" || state === "auth-required") {
      const needs = state === "input-required" ? "asks" : "needs its user to sign in";
      const asks = said === "" || content.some((one) => one.type === "text" && one.text === said) ? "" : `: ${said}`;
      content.push(text(`${name} ${needs}${asks}. Call ${name} again with this task_id to answer.`));
    }
    if (content.length === 0) content.push(text(said === "" ? `${name} has nothing to say.` : said));
    if (this.#id === "") return { content, isError: false };
    content.push({ type: "data", data: { task_id: this.#id, context_id: this.#contextId, state } });
    return { content, isError: false };
  }

  #identify(id: string, contextId: string): void {
    this.#id ||= id;
    this.#contextId ||= contextId;
  }

  #takeStatus(status: TaskStatus | undefined): void {
    if (status === undefined) return;
    this.#state = states[status.state] ?? "working";
    this.#said = status.message?.parts ?? [];
  }

  #takeTask({ id, contextId, status, artifacts }: Task): boolean {
    this.#identify(id, contextId);
    this.#takeStatus(status);
    this.#artifacts.clear();
    this.#length = 0;
    for (const { artifactId, parts } of artifacts) {
      this.#count(parts);
      this.#artifacts.set(artifactId, parts);
    }
    return artifacts.length > 0;
  }

  #takeMessage({ parts, contextId }: Message): boolean {
    this.#contextId ||= contextId;
    this.#state = "completed";
    this.#count(parts);
    this.#artifacts.set("message", parts);
    return true;
  }

  #takeArtifact({ taskId, contextId, artifact, append }: TaskArtifactUpdateEvent): boolean {
    this.#identify(taskId, contextId);
    if (artifact === undefined) return false;
    this.#count(artifact.parts);
    const before = append ? (this.#artifacts.get(artifact.artifactId) ?? []) : [];
    this.#artifacts.set(artifact.artifactId, joined(before, artifact.parts));
    return artifact.parts.length > 0;
  }

  #count(parts: readonly Part[]): void {
    const { name, maxResultLength } = this.#options;
    for (const part of parts) this.#length += lengthOf(part);
    if (this.#length <= maxResultLength) return;
    throw new RuntimeError("payload_too_large", `${name} has said more than ${maxResultLength} characters.`);
  }

  #content(): ToolContent[] {
    return [...this.#artifacts.values()].flatMap((parts) => parts.map(toContent));
  }
}

/** Pieces of one text become one. */
function joined(before: readonly Part[], added: readonly Part[]): Part[] {
  const parts = [...before];
  for (const part of added) {
    const last = parts.at(-1);
    if (last?.content?.$case === "text" && part.content?.$case === "text") {
      parts[parts.length - 1] = { ...last, content: { $case: "text", value: last.content.value + part.content.value } };
    } else parts.push(part);
  }
  return parts;
}

function lengthOf({ content }: Part): number {
  switch (content?.$case) {
    case "text":
    case "url":
    case "raw":
      return content.value.length;
    case "data":
      return (JSON.stringify(content.value) as string | undefined)?.length ?? 0;
    case undefined:
      return 0;
  }
}

function toContent({ content, mediaType, filename }: Part): ToolContent {
  switch (content?.$case) {
    case "text":
      return text(content.value);
    case "raw": {
      const data = Buffer.from(content.value).toString("base64");
      if (mediaType.startsWith("image/")) return { type: "image", data, mediaType };
      const type = mediaType === "" ? "application/octet-stream" : mediaType;
      return { type: "file", data, mediaType: type, ...(filename === "" ? {} : { filename }) };
    }
    case "url":
      return {
        type: "data",
        data: {
          url: content.value,
          ...(filename === "" ? {} : { filename }),
          ...(mediaType === "" ? {} : { media_type: mediaType }),
        },
      };
    case "data":
      return { type: "data", data: content.value ?? null };
    case undefined:
      return text("");
  }
}

function textOf(parts: readonly Part[]): string {
  return parts.map(({ content }) => (content?.$case === "text" ? content.value : "")).join("");
}

function text(value: string): ToolContent {
  return { type: "text", text: value };
}
