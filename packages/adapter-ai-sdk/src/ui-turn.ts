import { applyDifference, bareMessage, differenceOf } from "@agentscope-runtime/core/adapter";
import type { BareMessage } from "@agentscope-runtime/core/adapter";
import type { Message } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { fromToolPart, storySteps, toToolPart } from "./call-story.ts";
import type { CallStory } from "./call-story.ts";
import { fromUIMessages } from "./from-ui-messages.ts";
import { fromSpeechParts } from "./speech.ts";
import { StepRule } from "./step-rule.ts";
import { storyOf } from "./story-messages.ts";
import { areParts, isToolPart } from "./ui-input.ts";
import type { UIMessage, UIPart } from "./ui-message.ts";
import { leftoverOf, ownMetadata, withNote, withToolNotes } from "./ui-notes.ts";
import type { MessageNote, StoryStep } from "./ui-notes.ts";

const headSchema = z.object({ id: z.string(), metadata: z.unknown().optional() });

interface Placed {
  readonly message: Message;
  /** Its place in the turn; undefined when it came after somebody else had spoken. */
  readonly at: number | undefined;
}

interface SpeechSlot {
  readonly placed: Placed;
  readonly parts: readonly UIPart[];
  readonly step: boolean;
}

/** A call in its turn. It grows: what comes of it may come much later. */
export interface CallSlot {
  readonly turn: UITurn;
  readonly story: CallStory;
  readonly placed: Partial<Record<StoryStep, Placed>>;
  readonly step: boolean;
}

/** What is said without a pause: one message of the SDK's. */
export class UITurn {
  readonly role: UIMessage["role"];
  readonly #slots: (SpeechSlot | CallSlot)[] = [];
  readonly #messages: Message[] = [];
  readonly #steps = new StepRule();
  #late = false;

  constructor(role: UIMessage["role"]) {
    this.role = role;
  }

  say(message: Message, parts: readonly UIPart[]): void {
    const step = this.#step(message, this.role === "assistant" && parts.length > 0);
    this.#slots.push({ placed: this.#place(message), parts, step });
  }

  begin(story: CallStory, part: "call" | "request", message: Message): CallSlot {
    const step = this.#step(message, true);
    const slot: CallSlot = { turn: this, story, placed: { [part]: this.#place(message) }, step };
    this.#slots.push(slot);
    return slot;
  }

  /** What comes of a call of this turn. `late`: somebody else has spoken since. */
  tell(
    slot: CallSlot,
    part: StoryStep,
    { message, late }: { readonly message: Message; readonly late: boolean },
  ): void {
    if (late) this.#late = true;
    slot.placed[part] = late ? { message, at: undefined } : this.#place(message);
    if (part === "response" || part === "output") this.#steps.answered();
  }

  /** The message; with notes only where ours could not be made of it without. */
  end(): UIMessage {
    const plain = this.#message(false);
    return this.#isEnough(plain) ? plain : this.#message(true);
  }

  #step(message: Message, shows: boolean): boolean {
    const step = leftoverOf(message).step ?? this.#steps.wouldBegin(shows);
    if (step) this.#steps.begun();
    return step;
  }

  #place(message: Message): Placed {
    this.#messages.push(message);
    return { message, at: this.#messages.length - 1 };
  }

  #message(noted: boolean): UIMessage {
    const [first] = this.#messages;
    if (first === undefined) return { id: "", role: this.role, parts: [] };
    const made = { id: first.id, metadata: ownMetadata(first.metadata) };
    const { id, metadata } = headSchema.safeParse(applyDifference(made, leftoverOf(first).head)).data ?? made;
    const parts = this.#slots.flatMap((slot) => {
      const shown = "story" in slot ? [this.#call(slot, noted)] : this.#speech(slot, noted);
      return slot.step ? [{ type: "step-start" } as const, ...shown] : shown;
    });
    return { id, role: this.role, ...(metadata !== undefined && { metadata }), parts };
  }

  #speech({ placed, parts: made }: SpeechSlot, noted: boolean): readonly UIPart[] {
    const parts = changed(made, placed.message);
    return noted ? withNote(parts, this.#note(placed, fromSpeechParts(parts, this.role))) : parts;
  }

  #call({ story, placed }: CallSlot, noted: boolean): UIPart {
    const told = storySteps.flatMap((step) => {
      const place = placed[step];
      return place === undefined ? [] : [{ step, place }];
    });
    const messages = Object.fromEntries(told.map(({ step, place }) => [step, place.message]));
    const made = toToolPart(storyOf(messages) ?? story);
    const [part = made] = changed([made], told.at(-1)?.place.message);
    if (!noted || !isToolPart(part)) return part;
    const { drafts } = fromToolPart(part, new Set());
    return withToolNotes(
      part,
      Object.fromEntries(told.map(({ step, place }) => [step, this.#note(place, drafts[step])])),
    );
  }

  #note({ message, at }: Placed, draft: BareMessage): MessageNote {
    const isFirst = message === this.#messages[0];
    const metadata = isFirst ? ownMetadata(message.metadata) : undefined;
    const change = differenceOf({ ...draft, metadata }, ownMessage(message));
    return { id: message.id, at, change };
  }

  /** Asked only where it may be so: it costs the way back. */
  #isEnough(plain: UIMessage): boolean {
    const [first, ...rest] = this.#messages;
    if (first === undefined || this.#late || !rest.every(({ id }) => id.startsWith(`${first.id}/`))) return false;
    return differenceOf(fromUIMessages([plain]).map(identity), this.#messages.map(identity)) === undefined;
  }
}

/** The parts with what the SDK had said beyond them, unless somebody has made that something that is none. */
function changed(made: readonly UIPart[], message: Message | undefined): readonly UIPart[] {
  const parts = applyDifference(made, message && leftoverOf(message).parts);
  return areParts(parts) ? (parts as readonly UIPart[]) : made; // Parts that we do not know are the SDK's own.
}

/** What the message says, without what is the SDK's. */
function ownMessage(message: Message): BareMessage {
  return { ...bareMessage(message), metadata: ownMetadata(message.metadata) };
}

/** Where one message of the SDK's begins after another is not for it to say. */
function identity(message: Message): unknown {
  const { start: _, ...leftover } = leftoverOf(message);
  return { id: message.id, ...ownMessage(message), leftover };
}
