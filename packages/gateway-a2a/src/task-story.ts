import { isTerminalStatus, unreachable } from "@agentscope-runtime/protocol";
import type { AgentEvent, Content, Message } from "@agentscope-runtime/protocol";
import type { A2aPart, StreamEvent } from "./task.ts";
import { toPart } from "./to-part.ts";
import { isArtifact, isWork, toArtifact, toStatus, toWorkMessage } from "./to-task.ts";
import type { TaskFacts } from "./to-task.ts";

/** A message that has begun. */
interface OpenArtifact {
  /** Whether the client knows of it. */
  told: boolean;
  /** The part that came in pieces. */
  streamed?: number | null;
}

/**
 * Tells the events of a run as updates of a task: artifacts in pieces, then the state that it has come to. It keeps of the
 * run only which messages are open.
 */
export class TaskStory {
  readonly #facts: TaskFacts;
  readonly #showWork: boolean;
  readonly #artifacts = new Map<string, OpenArtifact>();

  constructor(facts: TaskFacts, { showWork }: { readonly showWork: boolean }) {
    this.#facts = facts;
    this.#showWork = showWork;
  }

  /** What a client is told about one event of the run; often nothing. The last one is the state at the run's end. */
  tell(event: AgentEvent): StreamEvent | undefined {
    switch (event.object) {
      case "content":
        return this.#tellContent(event);
      case "message":
        return this.#tellMessage(event);
      case "response":
        if (event.status !== "in_progress" && !isTerminalStatus(event.status)) return undefined;
        return { statusUpdate: { ...this.#facts, status: toStatus(this.#facts, event) } };
      default:
        return unreachable(event);
    }
  }

  #tellMessage(message: Message): StreamEvent | undefined {
    const ended = isTerminalStatus(message.status);
    if (isArtifact(message)) {
      if (!ended) {
        if (!this.#artifacts.has(message.id)) this.#artifacts.set(message.id, { told: false });
        return undefined;
      }
      const open = this.#artifacts.get(message.id);
      this.#artifacts.delete(message.id);
      // Nobody knows which piece is the last one when it comes: an empty piece says so.
      return open?.told === true
        ? this.#artifactUpdate(message, { text: "" }, { append: true, lastChunk: true })
        : undefined;
    }
    if (!this.#showWork || !ended || !isWork(message)) return undefined;
    const status = {
      state: "TASK_STATE_WORKING",
      message: toWorkMessage(this.#facts, message),
    } as const;
    return { statusUpdate: { ...this.#facts, status } };
  }

  #tellContent(content: Content): StreamEvent | undefined {
    const id = content.msg_id ?? "";
    const open = this.#artifacts.get(id);
    if (open === undefined) return undefined;
    const isText = content.type === "text" || content.type === "refusal";
    if (content.delta === true) {
      if (!isText) return undefined; // It comes once more, whole.
      open.streamed = content.index;
    } else if (content.status !== "completed" || (isText && open.streamed === content.index)) return undefined;
    const part = toPart(content);
    if (part === undefined || part.text === "") return undefined;
    const update = this.#artifactUpdate({ id, metadata: null }, part, open.told ? { append: true } : {});
    open.told = true;
    return update;
  }

  #artifactUpdate(
    message: Pick<Message, "id" | "metadata">,
    part: A2aPart,
    how: { readonly append?: true; readonly lastChunk?: true },
  ): StreamEvent {
    return { artifactUpdate: { ...this.#facts, artifact: toArtifact(message, [part]), ...how } };
  }
}
