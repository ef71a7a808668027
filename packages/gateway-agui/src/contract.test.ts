import { EventType, HttpAgent, verifyEvents } from "@ag-ui/client";
import type { Event } from "@ag-ui/client";
import { EventSchema } from "@ag-ui/core/schemas";
import { describeGateway } from "@agentscope-runtime/core/testing";
import type { GatewayAnswer, GatewayQuestion } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { agUiGateway } from "./index.ts";

/** What the official client says of the stream, as an iterable: each event valid and in an order that it accepts. */
async function* eventsOf(agent: HttpAgent, runId: string): AsyncGenerator<Event> {
  const { threadId, messages } = agent;
  const waiting: Event[] = [];
  let wake = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  const source = verifyEvents()(agent.run({ threadId, runId, messages, tools: [], context: [] }));
  const subscription = source.subscribe({
    next: (event) => {
      EventSchema.parse(event);
      waiting.push(event as Event); // It just was.
      wake.resolve(undefined);
    },
    error: ended.reject,
    complete: () => {
      ended.resolve(undefined);
    },
  });
  try {
    for (let over = false; !over;) {
      over = await Promise.race([ended.promise.then(() => true), wake.promise.then(() => false)]);
      wake = Promise.withResolvers<undefined>();
      yield* waiting.splice(0);
    }
  } finally {
    subscription.unsubscribe();
  }
}

async function* piecesOf(events: AsyncIterable<Event>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type === EventType.TEXT_MESSAGE_CONTENT) yield event.delta;
    if (event.type === EventType.RUN_ERROR) throw new Error(event.message);
  }
}

async function* wholeOf(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  yield (await Array.fromAsync(pieces)).join("");
}

async function ask({ url, text, stream = true, apiKey, signal }: GatewayQuestion): Promise<GatewayAnswer> {
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const initialMessages = [{ id: crypto.randomUUID(), role: "user" as const, content: text }];
  const agent = new HttpAgent({ url: `${url}/ag-ui`, headers, initialMessages });
  signal?.addEventListener("abort", () => {
    agent.abortRun();
  });
  const runId = crypto.randomUUID();
  const events = eventsOf(agent, runId);
  await events.next(); // The run has started, or was refused.
  const pieces = piecesOf(events);
  // AG-UI has no other answer than a stream: one piece is what a client makes of it.
  return { pieces: stream ? pieces : wholeOf(pieces) };
}

describeGateway("AG-UI", {
  gateway: () => agUiGateway(),
  serve: async (app) => serve(app, { port: 0, closeOnSignals: false, drainMs: 100 }),
  ask,
  skip: {
    "cancels a run over the protocol":
      "AG-UI has no request that cancels: a client hangs up, or uses `POST /runs/:id/cancel`.",
  },
});
