import { applyDifference, differenceOf, isObject, wholeMessage } from "@agentscope-runtime/core/adapter";
import type { BareMessage } from "@agentscope-runtime/core/adapter";
import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import { fromToolPart, storySteps, toToolPart } from "./call-story.ts";
import { fileProviderOf, fromSpeechParts, toSpeechParts } from "./speech.ts";
import { StepRule } from "./step-rule.ts";
import { storyOf } from "./story-messages.ts";
import { isToolPart } from "./ui-input.ts";
import type { AnyUIToolPart, ParsedUIMessage } from "./ui-input.ts";
import type { UIPart } from "./ui-message.ts";
import { addLeftover, ownMetadata, toolNotesOf, withoutNotes } from "./ui-notes.ts";
import type { Leftover, MessageNote, StoryStep } from "./ui-notes.ts";
import { toPieces } from "./ui-pieces.ts";
import type { UIPiece } from "./ui-pieces.ts";

/** A message of ours, as a piece tells it. */
interface Told {
  readonly piece: UIPiece;
  readonly id: string;
  readonly note: MessageNote | undefined;
  readonly draft: BareMessage;
  /** Which message of a call it is. */
  readonly step?: StoryStep;
}

interface Placed extends Told {
  /** Where it stands among the others. */
  readonly key: number;
}

/** Reads one message of the SDK's. */
export class UIReader {
  readonly #message: ParsedUIMessage;
  readonly #clientTools: ReadonlySet<string>;
  readonly #placed: Placed[] = [];
  /** What is told about the calls of a step when all of them are. */
  #answers: Told[] = [];
  #key = -1;

  constructor(message: ParsedUIMessage, clientTools: ReadonlySet<string>) {
    this.#message = message;
    this.#clientTools = clientTools;
  }

  /** `goesOn`: the message before it is the agent's too. */
  read(goesOn: boolean): Message[] {
    const pieces = toPieces(this.#message);
    for (const piece of pieces) {
      const id = piece === pieces[0] ? this.#message.id : `${this.#message.id}/${piece.index}`;
      const [part] = piece.parts;
      if (piece.step) this.#settle();
      if (part !== undefined && isToolPart(part) && this.#message.role === "assistant") this.#call(piece, part, id);
      else this.#say({ piece, id, note: piece.note, draft: fromSpeechParts(piece.parts, this.#message.role) });
    }
    this.#settle();
    return this.#messages(goesOn);
  }

  #call(piece: UIPiece, part: AnyUIToolPart, callId: string): void {
    const { drafts, told } = fromToolPart(part, this.#clientTools);
    const notes = toolNotesOf(part);
    for (const step of storySteps) {
      const note = notes?.[step];
      // What has come since the notes were written is new; a call that they do not know was never told.
      if (note === undefined && (!told.has(step) || (step === "call" && notes !== undefined))) continue;
      const id = step === "call" ? callId : `${this.#message.id}/${piece.index}/${step}`;
      const answer = { piece, id, note, draft: drafts[step], step };
      // A question stands at its call: nothing else says which of two like calls it is about.
      if (step === "call" || step === "request" || part.providerExecuted === true) this.#say(answer);
      else this.#answers.push(answer);
    }
  }

  /** First what people say to the questions of a step, then results. */
  #settle(): void {
    for (const answer of this.#answers.toSorted((left, right) => placeOf(left) - placeOf(right))) this.#say(answer);
    this.#answers = [];
  }

  #say(told: Told): void {
    const key = told.note?.at ?? this.#key;
    this.#key = Math.max(this.#key, key);
    this.#placed.push({ ...told, id: told.note?.id ?? told.id, key });
  }

  #messages(goesOn: boolean): Message[] {
    const placed = this.#placed.toSorted((left, right) => left.key - right.key);
    const made = placed.map((told, index) => {
      return { ...told, message: messageOf(told, index === 0 ? this.#message.metadata : undefined) };
    });
    const ofPiece = Map.groupBy(made, ({ piece }) => piece);
    const steps = new StepRule();
    return made.map((told, index) => {
      const { message, piece, step } = told;
      const related = ofPiece.get(piece) ?? [];
      const leftover: Leftover = {
        parts: partsLeft(told, related),
        head: index === 0 ? this.#headLeft(message) : undefined,
        step: related[0] === told && this.#message.role === "assistant" ? stepLeft(told, steps) : undefined,
        start: index === 0 && goesOn ? true : undefined,
      };
      if (step === "response" || step === "output") steps.answered();
      return { ...message, metadata: addLeftover(message.metadata, leftover) ?? null };
    });
  }

  #headLeft({ id, metadata }: Message): Leftover["head"] {
    const { id: wanted, metadata: theirs } = this.#message;
    return differenceOf({ id, metadata: ownMetadata(metadata) }, { id: wanted, metadata: theirs });
  }
}

interface Made extends Told {
  readonly message: Message;
}

function placeOf({ step = "call" }: Told): number {
  return storySteps.indexOf(step);
}

function messageOf({ id, note, draft }: Told, metadata: unknown): Message {
  const told = { ...draft, metadata: isObject(metadata) ? ownMetadata(metadata) : undefined };
  // A note that somebody has changed is no note.
  return wholeMessage(id, applyDifference(told, note?.change)) ?? messageSchema.parse({ ...draft, id });
}

/** What the parts have beyond what the messages say; the last message of a call keeps it. */
function partsLeft(told: Made, related: readonly Made[]): Leftover["parts"] {
  const parts = told.piece.parts.map(withoutNotes);
  if (told.step === undefined) return differenceOf(shownBy(told), parts);
  if (storySteps.findLast((step) => related.some((other) => other.step === step)) !== told.step) return undefined;
  const story = storyOf(Object.fromEntries(related.map(({ step = "call", message }) => [step, message])));
  return story && differenceOf([toToolPart(story)], parts);
}

function stepLeft(told: Made, steps: StepRule): boolean | undefined {
  const { step, piece } = told;
  const shows = step !== undefined || shownBy(told).length > 0;
  const known = piece.step === steps.wouldBegin(shows) ? undefined : piece.step;
  if (piece.step) steps.begun();
  return known;
}

/** What `toUIMessages` shows of the message; where it has been there, it knew the provider. */
function shownBy({ message, piece }: Made): readonly UIPart[] {
  return toSpeechParts(message, piece.note === undefined ? undefined : fileProviderOf(piece.parts));
}
